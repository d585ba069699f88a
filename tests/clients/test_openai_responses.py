"""The official `openai` library: Responses over upstreams of every dialect."""

import json

import openai
import pytest
from conftest import EXPECTED, KEY, ROOT, TOLD, UNFILTERED, WEATHER, check_heard, run_weather

TOOLS = [{"type": "function", "name": "weather", "parameters": WEATHER, "strict": True}]


@pytest.fixture(scope="module")
def responses():
    with openai.OpenAI(base_url=f"{ROOT}/v1", api_key=KEY, max_retries=0) as client:
        yield client.responses


def test_text(responses, model):
    answer = responses.create(model=model("text"), input="hello there")
    assert answer.output_text == EXPECTED["text"]
    assert answer.status == "completed"
    assert answer.id.startswith("resp_")
    assert answer.usage.input_tokens == EXPECTED["input"]
    assert answer.usage.output_tokens == EXPECTED["output"]


def test_stream(responses, model):
    events = list(responses.create(model=model("text"), input="hello there", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    types = [event.type for event in events]
    assert types[:2] == ["response.created", "response.in_progress"]
    assert types[-1] == "response.completed"
    for before, after in [
        ("response.output_item.added", "response.content_part.added"),
        ("response.content_part.added", "response.output_text.delta"),
        ("response.output_text.delta", "response.output_text.done"),
        ("response.output_text.done", "response.content_part.done"),
        ("response.content_part.done", "response.output_item.done"),
        ("response.output_item.done", "response.completed"),
    ]:
        assert types.index(before) < types.index(after), (before, after)
    words = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(words) == EXPECTED["text"]
    assert len(words) == 5
    assert events[-1].response.output_text == EXPECTED["text"]
    assert events[-1].response.usage.input_tokens == EXPECTED["input"]


def test_all_of_a_conversation_arrives(responses, model):
    image = f"data:image/png;base64,{EXPECTED['image']}"
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": image, "detail": "auto"},
    ]
    call = {"call_id": "call_7", "name": "weather", "arguments": '{"city":"Nantes"}'}
    answer = responses.create(
        model=model("heard"),
        instructions="Be brief.",
        input=[
            {"role": "user", "content": content},
            {"role": "assistant", "content": "A pixel."},
            {"role": "user", "content": "And the weather in Nantes?"},
            {"role": "assistant", "content": "I look it up."},
            {"type": "function_call", **call},
            {"type": "function_call_output", "call_id": "call_7", "output": "21 degrees"},
            {"role": "user", "content": "And tomorrow?"},
        ],
        tools=TOOLS,
        max_output_tokens=64,
    )
    check_heard(answer.output_text)


def outputs(answer):
    """What an application sends after calls."""
    return [
        {
            "type": "function_call_output",
            "call_id": item.call_id,
            "output": run_weather(json.loads(item.arguments)),
        }
        for item in answer.output
        if item.type == "function_call"
    ]


@pytest.mark.parametrize("script", TOLD)
def test_tools_with_the_history_sent_again(responses, model, script):
    first = [{"role": "user", "content": "hello there"}]
    answer = responses.create(model=model(script), input=first, tools=TOOLS, store=False)
    assert answer.status == "completed"
    items = [item.model_dump(exclude_none=True, exclude={"status"}) for item in answer.output]
    history = [*first, *items, *outputs(answer)]
    answer = responses.create(model=model(script), input=history, tools=TOOLS, store=False)
    assert answer.output_text == TOLD[script]


@pytest.mark.parametrize("script", TOLD)
def test_tools_with_the_history_kept(responses, model, script):
    answer = responses.create(model=model(script), input="hello there", tools=TOOLS)
    answer = responses.create(
        model=model(script),
        previous_response_id=answer.id,
        input=outputs(answer),
        tools=TOOLS,
    )
    assert answer.output_text == TOLD[script]


@pytest.mark.parametrize("script", TOLD)
def test_streamed_tools(responses, model, script):
    with responses.stream(model=model(script), input="hello there", tools=TOOLS) as stream:
        types = [event.type for event in stream]
        answer = stream.get_final_response()
    assert "response.function_call_arguments.delta" in types
    assert "response.function_call_arguments.done" in types
    with responses.stream(
        model=model(script),
        previous_response_id=answer.id,
        input=outputs(answer),
        tools=TOOLS,
    ) as stream:
        answer = stream.until_done().get_final_response()
    assert answer.output_text == TOLD[script]


def test_what_is_kept_can_be_read_and_deleted(responses, model):
    answer = responses.create(model=model("text"), input="hello there")
    assert responses.retrieve(answer.id).output_text == EXPECTED["text"]
    items = responses.input_items.list(answer.id)
    assert items.data[0].content[0].text == "hello there"
    responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        responses.retrieve(answer.id)


def test_reasoning(responses, model):
    def thought(answer):
        (item,) = [item for item in answer.output if item.type == "reasoning"]
        return "".join(part.text for part in item.summary or item.content)

    asked = {"model": model("think"), "input": "hello there"}
    answer = responses.create(**asked)
    assert thought(answer) == EXPECTED["thought"]
    assert answer.output_text == EXPECTED["text"]
    events = list(responses.create(**asked, stream=True))
    assert thought(events[-1].response) == EXPECTED["thought"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "script, reason", [("length", "max_output_tokens"), ("filter", "content_filter")]
)
def test_ends(responses, model, upstream, script, reason, stream):
    if script == "filter" and upstream in UNFILTERED:
        pytest.skip("its dialect has no word for it")
    answer = responses.create(model=model(script), input="hello there", stream=stream)
    if stream:
        last = list(answer)[-1]
        assert last.type == "response.incomplete"
        answer = last.response
    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == reason


ERRORS = {
    400: openai.BadRequestError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", ERRORS)
def test_errors(responses, model, status, stream):
    with pytest.raises(ERRORS[status]) as raised:
        responses.create(model=model(f"fail-{status}"), input="hello there", stream=stream)
    assert "as scripted" in raised.value.message
    assert raised.value.status_code == status


@pytest.mark.parametrize("script", ["late", "cut", "closed"])
def test_what_breaks_off_is_not_complete(responses, model, script):
    types = []
    try:
        for event in responses.create(model=model(script), input="hello there", stream=True):
            types.append(event.type)
    except openai.APIError:
        types.append("error")
    assert types[0] == "response.created"
    assert "response.completed" not in types
    assert types[-1] in ("error", "response.failed")


@pytest.mark.parametrize("script", ["late", "closed"])
def test_a_whole_answer_that_is_none_raises(responses, model, script):
    with pytest.raises(openai.InternalServerError):
        responses.create(model=model(script), input="hello there")
