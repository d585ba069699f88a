# What the document of ai-proxy shows, a section per example: the calls of a reader of it, with this test's
# upstream in the place of vendors.

## openai
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST \
    -H "Content-Type: application/json" -H "Host: api.openai.com" \
    -H "Authorization: Bearer the-callers-own" -H "Cookie: session=the-callers-own" \
    -d '{"messages": [
      {"role": "system", "content": "You are a mathematician"},
      {"role": "user", "content": "What is 1+1?"}
    ]}'

## a method that the route does not take
call "http://127.0.0.1:9080/anything" -X PUT -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'

## openai responses
admin routes/ai-proxy-route <<END
{
  "uri": "/v1/responses",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4.1"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/v1/responses" -H "Content-Type: application/json" \
    -d '{"input": "What is 1+1?"}'

## deepseek
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "deepseek",
      "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
      "options": {"model": "deepseek-chat"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"model": "the-callers-choice", "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## azure as a compatible vendor
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai-compatible",
      "auth": {"header": {"api-key": "$AZ_OPENAI_API_KEY"}},
      "options": {"model": "gpt-4", "max_tokens": 512, "temperature": 1.0},
      "override": {
        "endpoint": "$MODELS/openai/deployments/gpt-4/chat/completions?api-version=2024-02-15-preview"
      }
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"max_tokens": 5, "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## azure
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "azure-openai",
      "auth": {"header": {"api-key": "$AZ_OPENAI_API_KEY"}},
      "options": {"model": "gpt-4"},
      "override": {
        "endpoint": "$MODELS/openai/deployments/gpt-4/chat/completions?api-version=2024-02-15-preview"
      }
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"model": "gpt-4", "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## embeddings
admin routes/ai-proxy-route <<END
{
  "uri": "/embeddings",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "text-embedding-3-small", "encoding_format": "float"},
      "override": {"endpoint": "$MODELS/v1/embeddings"}
    }
  }
}
END

call "http://127.0.0.1:9080/embeddings" -X POST -H "Content-Type: application/json" \
    -d '{"input": "hello world"}'

## anthropic
admin routes/ai-proxy-route <<END
{
  "uri": "/*",
  "plugins": {
    "ai-proxy": {
      "provider": "anthropic",
      "auth": {"header": {"x-api-key": "$ANTHROPIC_API_KEY", "anthropic-version": "2023-06-01"}},
      "options": {"model": "claude-sonnet-4-5"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'
call "http://127.0.0.1:9080/v1/messages" -X POST -H "Content-Type: application/json" \
    -d '{"max_tokens": 64, "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## gemini
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "gemini",
      "auth": {"header": {"Authorization": "Bearer $GEMINI_API_KEY"}},
      "options": {"model": "gemini-2.5-flash"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'

## openrouter
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "openrouter",
      "auth": {"header": {"Authorization": "Bearer $OPENROUTER_API_KEY"}},
      "options": {"model": "openai/gpt-4o-mini"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'

## aimlapi
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "aimlapi",
      "auth": {"header": {"Authorization": "Bearer $AIMLAPI_API_KEY"}},
      "options": {"model": "gpt-4o"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'

## vertex
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "vertex-ai",
      "provider_conf": {"project_id": "my-project", "region": "us-central1"},
      "auth": {"gcp": {"service_account_json": $SERVICE_ACCOUNT_JSON}},
      "options": {"model": "google/gemini-2.5-flash"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'
call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "And 1+2?"}]}'

## vertex embeddings
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "vertex-ai",
      "provider_conf": {"project_id": "my-project", "region": "us-central1"},
      "auth": {"gcp": {"service_account_json": $SERVICE_ACCOUNT_JSON}},
      "options": {"model": "text-embedding-005"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"input": ["hello world"]}'

## bedrock
admin routes/ai-proxy-route <<END
{
  "uri": "/model/*",
  "plugins": {
    "ai-proxy": {
      "provider": "bedrock",
      "provider_conf": {"region": "us-east-1"},
      "auth": {"aws": {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "$AWS_SECRET_ACCESS_KEY"}},
      "options": {"model": "anthropic.claude-3-5-sonnet-20240620-v1:0"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/model/any/converse" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": [{"text": "What is 1+1?"}]}],
         "inferenceConfig": {"maxTokens": 64}}'

## bodies
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}, "query": {"tenant": "a team"}},
      "options": {"model": "gpt-4", "temperature": 0.2},
      "override": {
        "endpoint": "$MODELS/v1/chat/completions",
        "llm_options": {"max_tokens": 100},
        "request_body": {"openai-chat": {"metadata": {"team": "blue", "stage": "test"}, "seed": 7}}
      }
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"max_tokens": 5, "temperature": 2, "metadata": {"team": "red"},
         "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## streams
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4"},
      "override": {"endpoint": "$MODELS"}
    },
    "proxy-buffering": {"disable_proxy_buffering": true}
  }
}
END

call -N -i "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"stream": true, "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## claude code on a vendor like openai
admin routes/ai-proxy-route <<END
{
  "uri": "/v1/messages",
  "plugins": {
    "ai-proxy": {
      "provider": "openai-compatible",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4o"},
      "override": {"endpoint": "$MODELS/v1/chat/completions"}
    }
  }
}
END

call "http://127.0.0.1:9080/v1/messages" -X POST -H "Content-Type: application/json" \
    -H "x-api-key: the-callers-own" -H "anthropic-version: 2023-06-01" \
    -d '{"model": "claude-sonnet-4-5", "max_tokens": 64, "system": "You are a mathematician",
         "messages": [{"role": "user", "content": "What is 1+1?"}]}'
call -N "http://127.0.0.1:9080/v1/messages" -X POST -H "Content-Type: application/json" \
    -d '{"model": "claude-sonnet-4-5", "max_tokens": 64, "stream": true,
         "messages": [{"role": "user", "content": "What is 1+1?"}]}'

## the log
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4"},
      "override": {"endpoint": "$MODELS"},
      "logging": {"summaries": true, "payloads": true}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"model": "asked-for", "messages": [{"role": "user", "content": "a question to be logged"}]}'

## what a vendor refuses
admin routes/ai-proxy-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer wrong-key"}},
      "options": {"model": "fail-401"},
      "override": {"endpoint": "$MODELS"}
    }
  }
}
END

call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
    -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'

## requests that are none
call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: text/plain" -d 'What is 1+1?'
call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" -d '{"messages": '
call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" -d ''
call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" -d '{}'

## configurations that are none
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy": {"provider": "some-model", "auth": {"header": {}}}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy": {"provider": "openai", "auth": {"headers": {}}}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy": {"provider": "openai"}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy": {"provider": "bedrock", "auth": {}}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy": {"provider": "openai", "auth": {},
  "override": {"llm_options": {"top_p": 1}}}}}
END
