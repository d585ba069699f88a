// The official `openai` library for Node: Chat Completions and Responses over upstreams of every dialect.

import assert from "node:assert/strict";
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

const { OpenAI } = await library("openai");
const client = new OpenAI({ baseURL: `${root}/v1`, apiKey: key, maxRetries: 0 });
const messages = [{ role: "user", content: "hello there" }];
const tools = [{ type: "function", function: { name: "weather", parameters: weather } }];
const flatTools = [{ type: "function", name: "weather", parameters: weather, strict: true }];
const all = async (stream) => {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
};

forEachUpstream("chat", async (model) => {
  const answer = await client.chat.completions.create({ model: model("text"), messages });
  assert.equal(answer.choices[0].message.content, expected.text);
  assert.equal(answer.usage.prompt_tokens, expected.input);
  assert.equal(answer.usage.completion_tokens, expected.output);
});

forEachUpstream("chat stream", async (model) => {
  const stream = client.chat.completions.stream({
    model: model("text"),
    messages,
    stream_options: { include_usage: true },
  });
  assert.equal(await stream.finalContent(), expected.text);
  assert.equal((await stream.totalUsage()).prompt_tokens, expected.input);
});

forEachUpstream("chat, all of a conversation", async (model) => {
  const url = `data:image/png;base64,${expected.image}`;
  const call = { name: "weather", arguments: '{"city":"Nantes"}' };
  const answer = await client.chat.completions.create({
    model: model("heard"),
    messages: [
      { role: "developer", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url } },
        ],
      },
      { role: "assistant", content: "A pixel." },
      { role: "user", content: "And the weather in Nantes?" },
      {
        role: "assistant",
        content: "I look it up.",
        tool_calls: [{ id: "call_7", type: "function", function: call }],
      },
      { role: "tool", tool_call_id: "call_7", content: "21 degrees" },
      { role: "user", content: "And tomorrow?" },
    ],
    tools,
    max_completion_tokens: 64,
  });
  checkHeard(answer.choices[0].message.content);
});

for (const [script, text] of Object.entries(told)) {
  forEachUpstream(`chat, ${script}, with the library's runner`, async (model) => {
    const runner = client.chat.completions.runTools({
      model: model(script),
      messages,
      stream: true,
      tools: [
        {
          type: "function",
          function: {
            name: "weather",
            parameters: weather,
            parse: JSON.parse,
            function: runWeather,
          },
        },
      ],
    });
    assert.equal(await runner.finalContent(), text);
  });

  forEachUpstream(`responses, ${script}`, async (model) => {
    const ask = { model: model(script), tools: flatTools };
    const stream = client.responses.stream({ ...ask, input: "hello there" });
    const first = await stream.finalResponse();
    const calls = first.output.filter((item) => item.type === "function_call");
    assert.ok(calls.length > 0);
    const second = await client.responses.create({
      ...ask,
      previous_response_id: first.id,
      input: calls.map((item) => ({
        type: "function_call_output",
        call_id: item.call_id,
        output: runWeather(JSON.parse(item.arguments)),
      })),
    });
    assert.equal(second.output_text, text);
  });
}

forEachUpstream("responses", async (model) => {
  const answer = await client.responses.create({ model: model("text"), input: "hello there" });
  assert.equal(answer.output_text, expected.text);
  assert.equal(answer.usage.input_tokens, expected.input);
});

forEachUpstream("responses stream", async (model) => {
  const events = await all(
    await client.responses.create({ model: model("text"), input: "hello there", stream: true }),
  );
  assert.deepEqual(
    events.map((event) => event.sequence_number),
    events.map((_, index) => index),
  );
  const deltas = events.filter((event) => event.type === "response.output_text.delta");
  assert.equal(deltas.map((event) => event.delta).join(""), expected.text);
  assert.equal(events.at(-1).type, "response.completed");
});

forEachUpstream("ends", async (model, upstream) => {
  for (const [script, reason] of [
    ["length", "length"],
    ["filter", "content_filter"],
  ]) {
    if (script === "filter" && unfiltered.has(upstream)) continue;
    const ask = { model: model(script), messages };
    const answer = await client.chat.completions.create(ask);
    assert.equal(answer.choices[0].finish_reason, reason);
    const chunks = await all(await client.chat.completions.create({ ...ask, stream: true }));
    const last = chunks.findLast((chunk) => chunk.choices.length > 0);
    assert.equal(last.choices[0].finish_reason, reason);
  }
});

const statuses = {
  400: OpenAI.BadRequestError,
  429: OpenAI.RateLimitError,
  500: OpenAI.InternalServerError,
  503: OpenAI.InternalServerError,
};
for (const [status, thrown] of Object.entries(statuses)) {
  forEachUpstream(`error ${status}`, async (model) => {
    const refused = (error) => error instanceof thrown && error.status === Number(status);
    const named = model(`fail-${status}`);
    for (const stream of [false, true]) {
      const chat = client.chat.completions.create({ model: named, messages, stream });
      await assert.rejects(chat, refused);
      const response = client.responses.create({ model: named, input: "hello there", stream });
      await assert.rejects(response, refused);
    }
  });
}

forEachUpstream("streams that break off throw", async (model) => {
  for (const script of ["late", "cut", "closed"]) {
    const ask = { model: model(script), messages, stream: true };
    const stream = await client.chat.completions.create(ask);
    await assert.rejects(all(stream), OpenAI.APIError);
  }
});
