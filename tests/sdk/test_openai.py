"""The official `openai` library against a gateway: everything an application sees of it.

Run by the end-to-end test `sdk::the_openai_library_for_python`, which starts the gateway and an
upstream that does what the model's name says. By hand: SANMON_BASE_URL, SANMON_API_KEY, pytest.
"""

import os
import time

import openai
import pytest

BASE_URL = os.environ["SANMON_BASE_URL"]
API_KEY = os.environ["SANMON_API_KEY"]
HELLO = [{"role": "user", "content": "hello there"}]


@pytest.fixture
def client():
    with openai.OpenAI(base_url=BASE_URL, api_key=API_KEY, max_retries=0) as client:
        yield client


def test_chat(client):
    answer = client.chat.completions.create(model="echo", messages=HELLO)
    assert answer.choices[0].message.content == "you said: hello there"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 18
    assert answer._request_id


def test_chat_of_the_provider_that_is_named(client):
    answer = client.chat.completions.create(model="provider_test/echo", messages=HELLO)
    assert answer.model == "echo"


def test_stream(client):
    chunks = list(client.chat.completions.create(model="echo", messages=HELLO, stream=True))
    words = [chunk.choices[0].delta.content for chunk in chunks]
    assert "".join(word or "" for word in words) == "you said: hello there"
    assert len([word for word in words if word]) == 4, "a piece for each of the upstream's"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks), "nobody asked for usage"


def test_stream_with_usage(client):
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(
            model="echo", messages=HELLO, stream=True, stream_options=options
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 18


def test_stream_helper(client):
    with client.chat.completions.stream(model="echo", messages=HELLO) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "you said: hello there"


def test_a_stream_that_breaks_off_raises(client):
    seen = []
    with pytest.raises(openai.APIError) as raised:
        for chunk in client.chat.completions.create(model="cut", messages=HELLO, stream=True):
            seen.append(chunk)
    assert seen, "what came before is seen"
    assert raised.value.code == "upstream_stream_cut"


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather somewhere.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    }
]


def test_tools_pass_through(client):
    answer = client.chat.completions.create(
        model="tools",
        messages=HELLO,
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "weather"}},
        parallel_tool_calls=False,
        extra_body={"unknown_to_the_gateway": {"kept": [1, None]}},
    )
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "weather"
    assert call.function.arguments == '{"city":"Nantes"}'
    assert answer.choices[0].finish_reason == "tool_calls"
    # The upstream tells back what it was sent.
    sent = answer.model_extra["sent"]
    assert sent["tools"] == TOOLS
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert sent["parallel_tool_calls"] is False
    assert sent["unknown_to_the_gateway"] == {"kept": [1, None]}


def test_tools_pass_through_streams(client):
    chunks = list(
        client.chat.completions.create(model="tools", messages=HELLO, tools=TOOLS, stream=True)
    )
    calls = [chunk.choices[0].delta.tool_calls for chunk in chunks if chunk.choices]
    pieces = [call[0].function.arguments for call in calls if call]
    assert "".join(piece or "" for piece in pieces) == '{"city":"Nantes"}'


@pytest.mark.parametrize("model", ["floats-only", "base64"])
def test_embeddings(client, model):
    # The library asks for base64 unless told otherwise, and decodes it.
    answer = client.embeddings.create(model=model, input=["a", "b"])
    assert [one.embedding for one in answer.data] == [[0.5, -0.25, 1.0]] * 2
    assert [one.index for one in answer.data] == [0, 1]
    assert answer.usage.total_tokens == 5


def test_embeddings_as_floats_and_of_tokens(client):
    answer = client.embeddings.create(
        model="floats-only", input=[1, 2, 3], encoding_format="float", dimensions=3
    )
    assert answer.data[0].embedding == [0.5, -0.25, 1.0]


def test_models(client):
    models = list(client.models.list())
    assert [model.id for model in models] == ["test-model", "other-model"]
    assert all(model.object == "model" and model.owned_by for model in models)


STATUSES = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (503, openai.InternalServerError),
]


@pytest.mark.parametrize(("status", "error"), STATUSES)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_upstream(client, status, error, stream):
    with pytest.raises(error) as raised:
        client.chat.completions.create(model=f"fail-{status}", messages=HELLO, stream=stream)
    assert raised.value.status_code == status
    assert raised.value.code == "some_code"
    assert raised.value.type == "some_type"
    assert "as scripted" in raised.value.message
    assert raised.value.request_id


def test_errors_of_the_gateway(client):
    with pytest.raises(openai.AuthenticationError) as raised:
        wrong = client.with_options(api_key="sk-wrong")
        wrong.chat.completions.create(model="echo", messages=HELLO)
    assert raised.value.code == "invalid_api_key"
    with pytest.raises(openai.PermissionDeniedError) as raised:
        client.chat.completions.create(model="forbidden-model", messages=HELLO)
    assert raised.value.code == "model_not_allowed"
    with pytest.raises(openai.NotFoundError):
        client.post("/no/such/path", cast_to=object, body={})
    with pytest.raises(openai.BadRequestError):
        client.post("/chat/completions", cast_to=object, content=b'{"model": ')


def test_retries(client):
    retrying = client.with_options(max_retries=2)
    name = f"{time.time_ns()}"
    answer = retrying.chat.completions.create(model=f"flaky-429-{name}", messages=HELLO)
    assert answer.choices[0].message.content == "you said: hello there"
    answer = retrying.chat.completions.create(model=f"flaky-503-{name}", messages=HELLO)
    assert answer.choices[0].message.content == "you said: hello there"


def test_retries_wait_as_long_as_the_upstream_says(client):
    start = time.monotonic()
    retrying = client.with_options(max_retries=1)
    retrying.chat.completions.create(model=f"after-1s-{time.time_ns()}", messages=HELLO)
    assert time.monotonic() - start >= 0.95


def test_time_out(client):
    start = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        impatient = client.with_options(timeout=0.3)
        impatient.chat.completions.create(model="stall", messages=HELLO)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("stream", [False, True])
def test_async(stream):
    import asyncio

    async def chat():
        async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=API_KEY) as client:
            calls = [
                client.chat.completions.create(model="echo", messages=HELLO, stream=stream)
                for _ in range(8)
            ]
            answers = await asyncio.gather(*calls)
            if not stream:
                return [answer.choices[0].message.content for answer in answers]
            texts = []
            for answer in answers:
                words = [chunk.choices[0].delta.content async for chunk in answer]
                texts.append("".join(word or "" for word in words))
            return texts

    assert asyncio.run(chat()) == ["you said: hello there"] * 8
