import assert from "node:assert/strict";
import { test } from "node:test";

const { DIMENSIONS_URL, DIMENSIONS_CUSTOMER_ID, DIMENSIONS_TOKEN } = process.env as Record<string, string>;

test("a new user gets an activation mail", async () => {
  const world = `${DIMENSIONS_URL}/s/${crypto.randomUUID()}`;
  const headers = { Authorization: `Bearer ${DIMENSIONS_TOKEN}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ email: "ada@mail.example", displayName: "Ada", roles: [] });
  await fetch(`${world}/api/v1.0/customers/${DIMENSIONS_CUSTOMER_ID}/users`, { method: "POST", headers, body });
  const mail = await fetch(`${world}/_emulator/mail/wait?to=ada@mail.example&kind=activation`);
  assert.match(await mail.text(), /\/activate\//);
});
