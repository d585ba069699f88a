"""The official `openai` library: Chat Completions over upstreams of every dialect."""

import json

import openai
import pytest
from conftest import EXPECTED, KEY, ROOT, TOLD, UNFILTERED, WEATHER, check_heard, run_weather

HELLO = [{"role": "user", "content": "hello there"}]
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]


@pytest.fixture(scope="module")
def chat():
    with openai.OpenAI(base_url=f"{ROOT}/v1", api_key=KEY, max_retries=0) as client:
        yield client.chat.completions


def test_text(chat, model):
    answer = chat.create(model=model("text"), messages=HELLO)
    assert answer.choices[0].message.content == EXPECTED["text"]
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == EXPECTED["input"]
    assert answer.usage.completion_tokens == EXPECTED["output"]


def test_stream(chat, model):
    options = {"include_usage": True}
    asked = chat.create(model=model("text"), messages=HELLO, stream=True, stream_options=options)
    chunks = list(asked)
    words = [c.choices[0].delta.content for c in chunks if c.choices]
    assert "".join(word or "" for word in words) == EXPECTED["text"]
    assert len([word for word in words if word]) == 5, "a piece for each of the upstream's"
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens == EXPECTED["input"]
    assert chunks[-1].usage.completion_tokens == EXPECTED["output"]


def test_all_of_a_conversation_arrives(chat, model):
    image = {"url": f"data:image/png;base64,{EXPECTED['image']}"}
    call = {"name": "weather", "arguments": '{"city":"Nantes"}'}
    messages = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": image},
            ],
        },
        {"role": "assistant", "content": "A pixel."},
        {"role": "user", "content": "And the weather in Nantes?"},
        {
            "role": "assistant",
            "content": "I look it up.",
            "tool_calls": [{"id": "call_7", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "call_7", "content": "21 degrees"},
        {"role": "user", "content": "And tomorrow?"},
    ]
    answer = chat.create(model=model("heard"), messages=messages, tools=TOOLS, max_tokens=64)
    check_heard(answer.choices[0].message.content)


def answered(message):
    """What an application sends after calls."""
    results = [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": run_weather(json.loads(call.function.arguments)),
        }
        for call in message.tool_calls
    ]
    return [*HELLO, message.model_dump(exclude_none=True), *results]


@pytest.mark.parametrize("script", TOLD)
def test_tools(chat, model, script):
    answer = chat.create(model=model(script), messages=HELLO, tools=TOOLS)
    assert answer.choices[0].finish_reason == "tool_calls"
    messages = answered(answer.choices[0].message)
    answer = chat.create(model=model(script), messages=messages, tools=TOOLS)
    assert answer.choices[0].message.content == TOLD[script]
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("script", TOLD)
def test_streamed_tools(chat, model, script):
    with chat.stream(model=model(script), messages=HELLO, tools=TOOLS) as stream:
        answer = stream.until_done().get_final_completion()
    assert answer.choices[0].finish_reason == "tool_calls"
    message = answer.choices[0].message
    for call in message.tool_calls:
        call.function.parsed_arguments = None
    with chat.stream(model=model(script), messages=answered(message), tools=TOOLS) as stream:
        answer = stream.until_done().get_final_completion()
    assert answer.choices[0].message.content == TOLD[script]


def test_reasoning(chat, model):
    answer = chat.create(model=model("think"), messages=HELLO)
    assert answer.choices[0].message.model_extra["reasoning_content"] == EXPECTED["thought"]
    assert answer.choices[0].message.content == EXPECTED["text"]
    chunks = list(chat.create(model=model("think"), messages=HELLO, stream=True))
    deltas = [chunk.choices[0].delta.model_extra for chunk in chunks if chunk.choices]
    thought = "".join((delta or {}).get("reasoning_content") or "" for delta in deltas)
    assert thought == EXPECTED["thought"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("script, reason", [("length", "length"), ("filter", "content_filter")])
def test_ends(chat, model, upstream, script, reason, stream):
    # Who speaks this protocol too, beside a dialect of its own, has the word.
    reasons = (reason, "stop") if script == "filter" and upstream in UNFILTERED else (reason,)
    try:
        answer = chat.create(model=model(script), messages=HELLO, stream=stream)
        last = [c for c in answer if c.choices][-1] if stream else answer
    except openai.APIError:
        assert (script, upstream) == ("filter", "cohere"), "its only word for it is an error"
        return
    assert last.choices[0].finish_reason in reasons


ERRORS = {
    400: openai.BadRequestError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", ERRORS)
def test_errors(chat, model, status, stream):
    with pytest.raises(ERRORS[status]) as raised:
        chat.create(model=model(f"fail-{status}"), messages=HELLO, stream=stream)
    assert "as scripted" in raised.value.message
    assert raised.value.status_code == status


@pytest.mark.parametrize("script", ["late", "cut", "closed"])
def test_what_breaks_off_raises(chat, model, script):
    seen = []
    with pytest.raises(openai.APIError):
        for chunk in chat.create(model=model(script), messages=HELLO, stream=True):
            seen.append(chunk)
    assert seen, "what came before is seen"


@pytest.mark.parametrize("script", ["late", "closed"])
def test_a_whole_answer_that_is_none_raises(chat, model, script):
    with pytest.raises(openai.InternalServerError):
        chat.create(model=model(script), messages=HELLO)
