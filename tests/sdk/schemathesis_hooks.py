"""Teaches Schemathesis the media types of the admin API. Named by SCHEMATHESIS_HOOKS."""

import json

import schemathesis
from hypothesis.internal import lambda_sources

# Hypothesis reads the source of lambdas to name them in errors. Deep in a recursive schema that
# fails on CPython 3.11 ("AST constructor recursion depth mismatch"), and nobody reads the names.
lambda_sources.lambda_description = lambda function: "lambda"


def lines(value):
    """A list as one line for each item; anything else as one line."""
    items = value if isinstance(value, list) else [value]
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Headers that are made up for security schemes hold any character; bytes are what is sent."""
    for name, value in list((case.headers or {}).items()):
        case.headers[name] = value.encode("utf-8", "replace").decode("latin-1")


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    return {"data": value if isinstance(value, bytes) else lines(value)}


@schemathesis.serializer("application/merge-patch+json", "application/json-patch+json")
def patches(ctx, value):
    return {"data": value if isinstance(value, bytes) else json.dumps(value).encode()}
