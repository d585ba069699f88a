// The official `@anthropic-ai/sdk` library: Messages over upstreams of every dialect.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkHeard,
  expected,
  forEachUpstream,
  key,
  library,
  root,
  runWeather,
  told,
  unfiltered,
  weather,
} from "./common.mjs";

const { Anthropic } = await library("@anthropic-ai/sdk");
const client = new Anthropic({ baseURL: root, apiKey: key, authToken: null, maxRetries: 0 });
const hello = { max_tokens: 64, messages: [{ role: "user", content: "hello there" }] };
const tools = [{ name: "weather", input_schema: weather }];
const textOf = ({ content }) =>
  content.map((block) => (block.type === "text" ? block.text : "")).join("");

forEachUpstream("text", async (model) => {
  const answer = await client.messages.create({ ...hello, model: model("text") });
  assert.equal(textOf(answer), expected.text);
  assert.equal(answer.stop_reason, "end_turn");
  assert.equal(answer.usage.output_tokens, expected.output);
});

forEachUpstream("stream", async (model) => {
  const words = [];
  const stream = client.messages.stream({ ...hello, model: model("text") });
  stream.on("text", (word) => words.push(word));
  const answer = await stream.finalMessage();
  assert.equal(words.join(""), expected.text);
  assert.equal(words.length, 5);
  assert.equal(textOf(answer), expected.text);
});

forEachUpstream("all of a conversation", async (model) => {
  const source = { type: "base64", media_type: "image/png", data: expected.image };
  const call = { id: "toolu_7", name: "weather", input: { city: "Nantes" } };
  const answer = await client.messages.create({
    model: model("heard"),
    max_tokens: 64,
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", source },
        ],
      },
      { role: "assistant", content: "A pixel." },
      { role: "user", content: "And the weather in Nantes?" },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I look it up." },
          { type: "tool_use", ...call },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_7", content: "21 degrees" },
          { type: "text", text: "And tomorrow?" },
        ],
      },
    ],
    tools,
  });
  checkHeard(textOf(answer));
});

for (const [script, text] of Object.entries(told)) {
  forEachUpstream(script, async (model) => {
    const ask = { model: model(script), max_tokens: 64, tools };
    const first = await client.messages.stream({ ...ask, messages: hello.messages }).finalMessage();
    assert.equal(first.stop_reason, "tool_use");
    const calls = first.content.filter((block) => block.type === "tool_use");
    const results = calls.map(({ id, input }) => ({
      type: "tool_result",
      tool_use_id: id,
      content: runWeather(input),
    }));
    const messages = [
      ...hello.messages,
      { role: "assistant", content: first.content },
      { role: "user", content: results },
    ];
    assert.equal(textOf(await client.messages.create({ ...ask, messages })), text);
  });
}

forEachUpstream("thinking", async (model) => {
  const answer = await client.messages.stream({ ...hello, model: model("think") }).finalMessage();
  assert.equal(answer.content[0].type, "thinking");
  assert.equal(answer.content[0].thinking, expected.thought);
  assert.equal(textOf(answer), expected.text);
});

forEachUpstream("ends", async (model, upstream) => {
  for (const [script, reason] of [
    ["length", "max_tokens"],
    ["filter", "refusal"],
  ]) {
    if (script === "filter" && unfiltered.has(upstream)) continue;
    const ask = { ...hello, model: model(script) };
    assert.equal((await client.messages.create(ask)).stop_reason, reason);
    assert.equal((await client.messages.stream(ask).finalMessage()).stop_reason, reason);
  }
});

const statuses = {
  400: Anthropic.BadRequestError,
  429: Anthropic.RateLimitError,
  500: Anthropic.InternalServerError,
  503: Anthropic.InternalServerError,
};
for (const [status, thrown] of Object.entries(statuses)) {
  forEachUpstream(`error ${status}`, async (model) => {
    for (const stream of [false, true]) {
      const ask = { ...hello, model: model(`fail-${status}`), stream };
      await assert.rejects(client.messages.create(ask), thrown);
    }
  });
}

forEachUpstream("streams that break off throw", async (model) => {
  for (const script of ["late", "cut", "closed"]) {
    const stream = await client.messages.create({ ...hello, model: model(script), stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, Anthropic.APIError);
  }
});

test("models", async () => {
  const models = [];
  for await (const model of client.models.list()) models.push(model);
  assert.ok(models.length > 0 && models.every((model) => model.display_name));
});
