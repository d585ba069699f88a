# What the documents of ai-prompt-template, ai-prompt-decorator and ai-prompt-guard show, a section per
# example: the calls of a reader of them, with this test's upstream in the place of vendors.

# route <more plugins>
route() {
    admin routes/ai-prompt-route <<END
{
  "uri": "/*",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4"},
      "override": {"endpoint": "$MODELS"}
    },
    $1
  }
}
END
}

ask() {
    call "http://127.0.0.1:9080${2:-/v1/chat/completions}" -X POST -H "Content-Type: application/json" -d "$1"
}

## template
route '"ai-prompt-template": {
  "templates": [
    {
      "name": "QnA with complexity",
      "template": {
        "model": "gpt-4",
        "messages": [
          {"role": "system", "content": "Answer in {{complexity}}."},
          {"role": "user", "content": "Explain {{prompt}}."}
        ]
      }
    },
    {
      "name": "echo",
      "template": {"model": "gpt-4", "messages": [{"role": "user", "content": "Echo {{prompt}}."}]}
    }
  ]
}'
ask '{"template_name": "QnA with complexity", "complexity": "brief", "prompt": "the \"quick sort\"\nalgorithm"}'
ask '{"template_name": "echo", "prompt": "this"}'
ask '{"template_name": "echo"}'
ask '{"template_name": "unknown", "prompt": "this"}'
ask '{"prompt": "this"}'

## decorator
route '"ai-prompt-decorator": {
  "prepend": [{"role": "system", "content": "Answer briefly and conceptually."}],
  "append": [{"role": "user", "content": "End the answer with a simple analogy."}]
}'
ask '{"messages": [{"role": "user", "content": "What is mTLS authentication?"}]}'
ask '{"input": "What is mTLS authentication?", "instructions": "Be kind."}' /v1/responses

## guard
route '"ai-prompt-guard": {
  "allow_patterns": ["goodword"],
  "deny_patterns": ["\\b\\d{3}-\\d{2}-\\d{4}\\b", "badword"]
}'
ask '{"messages": [{"role": "user", "content": "a goodword"}]}'
ask '{"messages": [{"role": "user", "content": "another word"}]}'
ask '{"messages": [{"role": "user", "content": "goodword and badword"}]}'
ask '{"messages": [{"role": "user", "content": "goodword 123-45-6789"}]}'
ask '{"messages": [{"role": "user", "content": "badword"}, {"role": "user", "content": "a goodword"}]}'
ask '{"messages": [{"role": "user", "content": "badword"}, {"role": "assistant", "content": "well"}]}'

## guard of the whole conversation
route '"ai-prompt-guard": {
  "deny_patterns": ["badword"],
  "match_all_roles": true,
  "match_all_conversation_history": true
}'
ask '{"messages": [{"role": "user", "content": "badword"}, {"role": "user", "content": "a goodword"}]}'
ask '{"messages": [{"role": "system", "content": "badword"}, {"role": "user", "content": "a goodword"}]}'
ask '{"messages": [{"role": "user", "content": "a goodword"}]}'

## all of them
route '"ai-prompt-template": {
  "templates": [{"name": "t", "template": {"messages": [{"role": "user", "content": "Say {{word}}."}]}}]
},
"ai-prompt-decorator": {"append": [{"role": "user", "content": "And say badword."}]},
"ai-prompt-guard": {"deny_patterns": ["badword"]}'
ask '{"template_name": "t", "word": "anything"}'

## configurations that are none
route '"ai-prompt-decorator": {}'
route '"ai-prompt-guard": {"deny_patterns": ["(unclosed"]}'
route '"ai-prompt-template": {"templates": []}'
