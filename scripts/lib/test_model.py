"""test_model.py QUICKSTART: starts it, and calls the real small model through the gateway.

The last line is the count; ends with 1 where a test failed."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

GATEWAY, KEY = "", ""


def call(path, body=None, key=None):
    headers = {"Authorization": f"Bearer {key or KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(GATEWAY + path, data, headers), timeout=120)


def chat(**members):
    return {"messages": [{"role": "user", "content": "What is the capital of France?"}], "max_tokens": 40} | members


def a_whole_answer_has_text_and_usage():
    answer = json.load(call("/chat/completions", chat()))
    assert "Paris" in answer["choices"][0]["message"]["content"], answer
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 2, usage


def a_streamed_answer_comes_in_pieces_as_it_is_made():
    text, times, done, usage = "", [], False, None
    body = chat(stream=True, stream_options={"include_usage": True})
    body["messages"][0]["content"] = "Write three sentences about the sea."
    for line in call("/chat/completions", body):
        if not line.startswith(b"data: "):
            continue
        data = line[6:].strip()
        if data == b"[DONE]":
            done = True
            continue
        event = json.loads(data)
        usage = event.get("usage") or usage
        for choice in event["choices"]:
            if choice["delta"].get("content"):
                text += choice["delta"]["content"]
                times.append(time.monotonic())
    assert done and usage and usage["completion_tokens"] > 5, (done, usage)
    assert len(times) > 5 and times[-1] - times[0] > 0.02, (len(times), text)


def usage_that_was_not_asked_for_is_not_in_the_stream():
    lines = call("/chat/completions", chat(stream=True)).read().splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    assert all(event["choices"] and not event.get("usage") for event in events), events[-1]


QUESTION = "What is the capital of France?"


def events(path, body):
    """The JSON of a stream's events."""
    lines = call(path, body | {"stream": True}).read().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def it_completes_a_text_whole_and_streamed():
    body = {"prompt": QUESTION, "max_tokens": 40}
    answer = json.load(call("/completions", body))
    assert "Paris" in answer["choices"][0]["text"], answer
    assert answer["object"] == "text_completion" and answer["usage"]["completion_tokens"] > 0, answer
    pieces = [choice["text"] for event in events("/completions", body) for choice in event["choices"]]
    assert len(pieces) > 2 and "Paris" in "".join(pieces), pieces


def it_answers_responses_whole_streamed_and_gone_on_from():
    body = {"input": QUESTION, "max_output_tokens": 40}
    answer = json.load(call("/responses", body))
    assert answer["status"] in ("completed", "incomplete"), answer
    assert "Paris" in answer["output"][-1]["content"][0]["text"], answer
    assert answer["usage"]["output_tokens"] > 0, answer
    seen = events("/responses", body)
    assert [event["sequence_number"] for event in seen] == list(range(len(seen)))
    text = "".join(event["delta"] for event in seen if event["type"] == "response.output_text.delta")
    assert "Paris" in text and seen[-1]["type"] in ("response.completed", "response.incomplete"), seen[-1]
    body = {"input": "And of Italy?", "previous_response_id": answer["id"], "max_output_tokens": 40}
    more = json.load(call("/responses", body))
    assert more["usage"]["input_tokens"] > answer["usage"]["input_tokens"], more


def it_answers_messages_whole_and_streamed():
    body = {"max_tokens": 40, "messages": [{"role": "user", "content": QUESTION}]}
    answer = json.load(call("/messages", body))
    assert answer["type"] == "message" and "Paris" in answer["content"][0]["text"], answer
    assert answer["stop_reason"] in ("end_turn", "max_tokens") and answer["usage"]["output_tokens"] > 0, answer
    seen = events("/messages", body)
    assert seen[0]["type"] == "message_start" and seen[-1]["type"] == "message_stop", seen
    text = "".join(event["delta"].get("text", "") for event in seen if event["type"] == "content_block_delta")
    assert "Paris" in text, text


def it_embeds_texts():
    body = {"input": ["a cat", "a kitten", "the stock exchange"]}
    answer = json.load(call("/embeddings", body))
    vectors = [one["embedding"] for one in answer["data"]]
    assert len(vectors) == 3 and len(vectors[0]) > 100 and answer["usage"]["prompt_tokens"] > 3, answer["usage"]
    again = json.load(call("/embeddings", {"input": "a cat"}))["data"][0]["embedding"]
    assert max(abs(a - b) for a, b in zip(again, vectors[0])) < 0.01


def the_model_is_listed():
    names = [model["id"] for model in json.load(call("/models"))["data"]]
    assert names == ["smollm2-135m-instruct"], names


def a_wrong_key_is_refused():
    try:
        call("/chat/completions", chat(), key="otoapk_quickstart_wrong")
    except urllib.error.HTTPError as error:
        assert error.code == 401 and json.load(error)["error"]["code"] == "invalid_api_key"
    else:
        raise AssertionError("it was let in")


def the_model_s_own_refusal_reaches_the_caller():
    try:
        call("/chat/completions", chat(n=2))
    except urllib.error.HTTPError as error:
        assert error.code == 400 and json.load(error)["error"]["param"] == "n"
    else:
        raise AssertionError("n=2 was taken")


TESTS = [
    a_whole_answer_has_text_and_usage,
    a_streamed_answer_comes_in_pieces_as_it_is_made,
    usage_that_was_not_asked_for_is_not_in_the_stream,
    it_completes_a_text_whole_and_streamed,
    it_answers_responses_whole_streamed_and_gone_on_from,
    it_answers_messages_whole_and_streamed,
    it_embeds_texts,
    the_model_is_listed,
    a_wrong_key_is_refused,
    the_model_s_own_refusal_reaches_the_caller,
]


def started(process):
    """Reads what the quickstart says, until it says that everything runs."""
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Try next"):
            return said
    sys.exit(f"the quickstart ended with {process.wait()}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main():
    global GATEWAY, KEY
    passed, failed = 0, 0

    def test(name, run):
        nonlocal passed, failed
        try:
            run()
        except Exception:
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        else:
            passed += 1
            print(f"ok      {name}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([sys.argv[1], "--data-dir", folder], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True)
        try:
            said = started(process)
            GATEWAY = re.search(r"gateway +(\S+)", said)[1]
            KEY = re.search(r"API key +(\S+)", said)[1]
            for run in TESTS:
                test(run.__name__, run)
            below = children(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

        def it_leaves_no_process_behind():
            assert len(below) >= 2 and not any(map(alive, below)), below

        test(it_leaves_no_process_behind.__name__, it_leaves_no_process_behind)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
