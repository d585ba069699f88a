// What all Node clients share: where the gateway is, and whom it asks. See conftest.py.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

export const root = process.env.SANMON_ROOT_URL;
export const key = process.env.SANMON_API_KEY;
export const upstreams = process.env.SANMON_UPSTREAMS.split(",");
export const expected = JSON.parse(readFileSync(new URL("expected.json", import.meta.url), "utf8"));

const require = createRequire(`${process.env.SANMON_CLIENTS_NODE_MODULES}/here.js`);

// A library of the folder where `scripts/test` or `scripts/test-clients` has installed it.
export const library = (name) => import(pathToFileURL(require.resolve(name)));

// Dialects that have no word for a filter.
export const unfiltered = new Set(["cohere", "ollama"]);

export const weather = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const degrees = { Nantes: "21 degrees", Kyoto: "28 degrees" };
export const runWeather = ({ city }) => degrees[city];

// What the model says when its tools have answered.
export const told = {
  tool: "the tools said: 21 degrees",
  parallel: "the tools said: 21 degrees, 28 degrees",
  "think-tool": "the tools said: 21 degrees",
};

// The upstream tells what it was told: all of the conversation, whatever the dialect.
export const checkHeard = (text) => {
  const heard = JSON.parse(text);
  assert.deepEqual(heard.lines, expected.lines);
  assert.deepEqual(heard.tools, ["weather"]);
  assert.equal(heard.max_tokens, 64);
};

// A test per upstream; `run` gets the name of the model that does what a script says.
export const forEachUpstream = (name, run) => {
  for (const upstream of upstreams) {
    test(`${name}, ${upstream}`, () => run((script) => `${upstream}/${script}`, upstream));
  }
};
