"""What all Python clients share: where the gateway is, and whom it asks.

The programs here are run by `sanmon_tests::clients`, which starts one gateway with every protocol, and one
upstream that speaks every dialect and does what the model's name says (`upstream::dialect::act`). A model
is `<provider>/<script>`, and there is a provider per dialect.
"""

import json
import os
from pathlib import Path

import pytest

ROOT = os.environ["SANMON_ROOT_URL"]
KEY = os.environ["SANMON_API_KEY"]
UPSTREAMS = os.environ["SANMON_UPSTREAMS"].split(",")
EXPECTED = json.loads((Path(__file__).parent / "expected.json").read_text())
# Dialects that have no word for a filter.
UNFILTERED = {"cohere", "ollama"}

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
DEGREES = {"Nantes": "21 degrees", "Kyoto": "28 degrees"}
TOLD = {
    "tool": "the tools said: 21 degrees",
    "parallel": "the tools said: 21 degrees, 28 degrees",
    "think-tool": "the tools said: 21 degrees",
}


@pytest.fixture(params=UPSTREAMS)
def upstream(request):
    """The provider that is asked."""
    return request.param


@pytest.fixture
def model(upstream):
    """The name of the model that does this."""
    return lambda script: f"{upstream}/{script}"


def run_weather(arguments):
    """The tool that the model calls."""
    return DEGREES[arguments["city"]]


def check_heard(text):
    """The upstream tells what it was told: all of the conversation, whatever the dialect."""
    heard = json.loads(text)
    assert heard["lines"] == EXPECTED["lines"]
    assert heard["tools"] == ["weather"]
    assert heard["max_tokens"] == 64
