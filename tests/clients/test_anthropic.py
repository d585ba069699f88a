"""The official `anthropic` library, of whatever version: Messages over upstreams of every dialect."""

import anthropic
import pytest
from conftest import EXPECTED, KEY, ROOT, TOLD, UNFILTERED, WEATHER, check_heard, run_weather

HELLO = {"max_tokens": 64, "messages": [{"role": "user", "content": "hello there"}]}
TOOLS = [{"name": "weather", "input_schema": WEATHER}]


@pytest.fixture(scope="module")
def messages():
    with anthropic.Anthropic(base_url=ROOT, api_key=KEY, max_retries=0) as client:
        yield client.messages


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def test_text(messages, model):
    answer = messages.create(model=model("text"), **HELLO)
    assert text_of(answer) == EXPECTED["text"]
    assert answer.stop_reason == "end_turn"
    assert answer.id.startswith("msg_")
    usage = answer.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    assert usage.input_tokens + cached == EXPECTED["input"]
    assert usage.output_tokens == EXPECTED["output"]


def test_stream(messages, model):
    with messages.stream(model=model("text"), **HELLO) as stream:
        words = list(stream.text_stream)
        answer = stream.get_final_message()
    assert "".join(words) == EXPECTED["text"]
    assert len(words) == 5, "a piece for each of the upstream's"
    assert text_of(answer) == EXPECTED["text"]
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == EXPECTED["output"]


def test_blocks_come_one_after_the_other(messages, model):
    index, is_open = -1, False
    for event in messages.create(model=model("think-tool"), tools=TOOLS, **HELLO, stream=True):
        if event.type == "content_block_start":
            assert not is_open and event.index == index + 1
            index, is_open = event.index, True
        elif event.type in ("content_block_delta", "content_block_stop"):
            assert is_open and event.index == index
            is_open = event.type == "content_block_delta"
    assert index == 1 and not is_open
    assert event.type == "message_stop"


def test_all_of_a_conversation_arrives(messages, model):
    source = {"type": "base64", "media_type": "image/png", "data": EXPECTED["image"]}
    content = [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]
    call = {"id": "toolu_7", "name": "weather", "input": {"city": "Nantes"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_7", "content": "21 degrees"}
    answer = messages.create(
        model=model("heard"),
        max_tokens=64,
        system="Be brief.",
        messages=[
            {"role": "user", "content": content},
            {"role": "assistant", "content": "A pixel."},
            {"role": "user", "content": "And the weather in Nantes?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look it up."},
                    {"type": "tool_use", **call},
                ],
            },
            {"role": "user", "content": [result, {"type": "text", "text": "And tomorrow?"}]},
        ],
        tools=TOOLS,
    )
    check_heard(text_of(answer))


def answered(message):
    """What an application sends after calls."""
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": run_weather(block.input)}
        for block in message.content
        if block.type == "tool_use"
    ]
    return [
        *HELLO["messages"],
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": results},
    ]


@pytest.mark.parametrize("script", TOLD)
def test_tools(messages, model, script):
    answer = messages.create(model=model(script), tools=TOOLS, **HELLO)
    assert answer.stop_reason == "tool_use"
    history = answered(answer)
    answer = messages.create(model=model(script), tools=TOOLS, max_tokens=64, messages=history)
    assert text_of(answer) == TOLD[script]
    assert answer.stop_reason == "end_turn"


@pytest.mark.parametrize("script", TOLD)
def test_streamed_tools(messages, model, script):
    with messages.stream(model=model(script), tools=TOOLS, **HELLO) as stream:
        answer = stream.get_final_message()
    assert answer.stop_reason == "tool_use"
    history = answered(answer)
    asked = {"model": model(script), "tools": TOOLS, "max_tokens": 64, "messages": history}
    with messages.stream(**asked) as stream:
        assert text_of(stream.get_final_message()) == TOLD[script]


def test_thinking(messages, model):
    def thought(message):
        return "".join(block.thinking for block in message.content if block.type == "thinking")

    answer = messages.create(model=model("think"), **HELLO)
    assert thought(answer) == EXPECTED["thought"]
    assert text_of(answer) == EXPECTED["text"]
    with messages.stream(model=model("think"), **HELLO) as stream:
        assert thought(stream.get_final_message()) == EXPECTED["thought"]


@pytest.mark.parametrize("script, reason", [("length", "max_tokens"), ("filter", "refusal")])
def test_ends(messages, model, upstream, script, reason):
    if script == "filter" and upstream in UNFILTERED:
        pytest.skip("its dialect has no word for it")
    assert messages.create(model=model(script), **HELLO).stop_reason == reason
    with messages.stream(model=model(script), **HELLO) as stream:
        assert stream.get_final_message().stop_reason == reason


def test_count_tokens(messages, model):
    counted = messages.count_tokens(model=model("text"), messages=HELLO["messages"])
    assert 1 <= counted.input_tokens < 50


def test_models():
    with anthropic.Anthropic(base_url=ROOT, api_key=KEY, max_retries=0) as client:
        models = list(client.models.list(limit=1000))
    assert models and all(model.type == "model" and model.display_name for model in models)


ERRORS = {
    400: anthropic.BadRequestError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
    503: anthropic.APIStatusError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", ERRORS)
def test_errors(messages, model, status, stream):
    with pytest.raises(ERRORS[status]) as raised:
        messages.create(model=model(f"fail-{status}"), stream=stream, **HELLO)
    assert "as scripted" in raised.value.message
    # What is overloaded has a status of its own here.
    assert raised.value.status_code in {503: (503, 529)}.get(status, (status,))
    assert raised.value.body["type"] == "error"


@pytest.mark.parametrize("script", ["late", "cut", "closed"])
def test_what_breaks_off_raises(messages, model, script):
    seen = []
    with pytest.raises(anthropic.APIError):
        for event in messages.create(model=model(script), stream=True, **HELLO):
            seen.append(event)
    assert seen, "what came before is seen"


@pytest.mark.parametrize("script", ["late", "closed"])
def test_a_whole_answer_that_is_none_raises(messages, model, script):
    with pytest.raises(anthropic.APIStatusError) as raised:
        messages.create(model=model(script), **HELLO)
    assert raised.value.status_code >= 500


@pytest.mark.parametrize("header", ["api_key", "auth_token"])
def test_both_credential_headers(model, header):
    credential = {"api_key": None, "auth_token": None, header: KEY}
    with anthropic.Anthropic(base_url=ROOT, max_retries=0, **credential) as client:
        assert text_of(client.messages.create(model=model("text"), **HELLO)) == EXPECTED["text"]
