// Swagger UI in a real browser: authorise with the admin key, try an operation, see 200.
//
// Run by the end-to-end test `sdk::swagger_ui_in_a_browser`. Writes a screenshot to
// SANMON_SCREENSHOT where that is set.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SANMON_SDK_NODE_MODULES}/here.js`);
const { chromium } = require("playwright-core");

const quiet = ["quic", "background-networking", "component-update", "sync", "dev-shm-usage", "gpu"];
const browser = await chromium.launch({
  executablePath: process.env.SANMON_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--no-first-run", ...quiet.map((it) => `--disable-${it}`)],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`${error}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  const elsewhere = [];
  const origin = new URL(process.env.SANMON_ADMIN_URL).origin;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== origin) elsewhere.push(url.href);
  });

  await page.goto(`${origin}/swagger-ui/`);
  await page.locator('[data-tag="routes"]').first().click();
  const operation = page.locator(".opblock-get", {
    has: page.locator('[data-path="/apis/v1/routes"]'),
  });
  await operation.waitFor();

  // Without the key it says 401, so that the 200 below is the key's.
  const status = operation.locator(".live-responses-table .response-col_status");
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Execute" }).click();
  await status.filter({ hasText: "401" }).waitFor();
  complaints.length = 0;

  await page.locator(".btn.authorize").first().click();
  const form = page.locator(".auth-container", {
    has: page.locator('input[aria-label="auth-bearer-value"]'),
  });
  await form.locator("input").fill(process.env.SANMON_ADMIN_KEY);
  await form.getByRole("button", { name: /apply|authorize/i }).first().click();
  await page.locator(".btn-done").first().click();

  await operation.getByRole("button", { name: "Execute" }).click();
  await status.filter({ hasText: "200" }).waitFor();
  const body = await operation.locator(".live-responses-table .highlight-code").first().innerText();
  assert.match(body, /route_test/);
  if (process.env.SANMON_SCREENSHOT) {
    await operation.scrollIntoViewIfNeeded();
    await page.screenshot({ path: process.env.SANMON_SCREENSHOT });
  }
  assert.deepEqual(complaints, [], "the page works without complaint");
  assert.deepEqual(elsewhere, [], "nothing is fetched from elsewhere");
} finally {
  await browser.close();
}
