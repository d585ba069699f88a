"""LangChain with its packages for OpenAI (Chat Completions and Responses) and Anthropic, over upstreams of
every dialect."""

import pytest
from conftest import EXPECTED, KEY, ROOT, TOLD, run_weather
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

HELLO = [HumanMessage("hello there")]


@tool
def weather(city: str) -> str:
    """The weather somewhere."""
    return run_weather({"city": city})


def openai_chat(model):
    return ChatOpenAI(
        model=model, base_url=f"{ROOT}/v1", api_key=KEY, max_retries=0, stream_usage=True
    )


def openai_responses(model):
    return ChatOpenAI(
        model=model, base_url=f"{ROOT}/v1", api_key=KEY, max_retries=0, use_responses_api=True
    )


def anthropic_messages(model):
    return ChatAnthropic(model=model, base_url=ROOT, api_key=KEY, max_retries=0, max_tokens=64)


@pytest.fixture(params=[openai_chat, openai_responses, anthropic_messages])
def chat(request, model):
    """LangChain's model of this name."""
    return lambda script: request.param(model(script))


def check_usage(message):
    assert message.usage_metadata["input_tokens"] == EXPECTED["input"]
    assert message.usage_metadata["output_tokens"] == EXPECTED["output"]


def gathered(chunks):
    first, *rest = chunks
    return sum(rest, first)


def test_text(chat):
    answer = chat("text").invoke(HELLO)
    assert answer.text == EXPECTED["text"]
    check_usage(answer)


def test_stream(chat):
    chunks = list(chat("text").stream(HELLO))
    assert len([chunk for chunk in chunks if chunk.text]) == 5
    answer = gathered(chunks)
    assert answer.text == EXPECTED["text"]
    check_usage(answer)


@pytest.mark.parametrize("script", TOLD)
@pytest.mark.parametrize("streamed", [False, True])
def test_tools(chat, script, streamed):
    bound = chat(script).bind_tools([weather])

    def ask(messages):
        return gathered(bound.stream(messages)) if streamed else bound.invoke(messages)

    answer = ask(HELLO)
    assert answer.tool_calls
    results = [
        ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])
        for call in answer.tool_calls
    ]
    assert ask([*HELLO, answer, *results]).text == TOLD[script]


@pytest.mark.parametrize("script", ["fail-429", "fail-500"])
def test_errors(chat, script):
    with pytest.raises(Exception, match="as scripted"):
        chat(script).invoke(HELLO)


@pytest.mark.parametrize("script", ["late", "cut"])
def test_a_stream_that_breaks_off_raises(chat, script):
    with pytest.raises(Exception):
        list(chat(script).stream(HELLO))
