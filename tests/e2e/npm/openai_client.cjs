// Asks a server through OpenAI's own client. Reads [{method, ...request}] from standard input and writes what came of each as a JSON array.
// usage: node openai_client.cjs BASE_URL, with NODE_PATH at the folder of the packages
"use strict";
const fs = require("node:fs");
const OpenAI = require("openai");

async function outcome(ask) {
  try {
    return await ask();
  } catch (error) {
    return { error: error.constructor.name, status: error.status, message: error.message };
  }
}

async function main() {
  const options = { baseURL: process.argv[2], apiKey: "unused", maxRetries: 3, timeout: 30000 };
  const client = new OpenAI(options);
  const methods = {
    models: async () => (await client.models.list()).data.map((model) => model.id),
    chat: (request) => client.chat.completions.create(request),
    stream: async (request) => {
      const parts = [];
      for await (const part of await client.chat.completions.create({ ...request, stream: true })) {
        parts.push(part);
      }
      return parts;
    },
  };
  const results = [];
  for (const { method, ...request } of JSON.parse(fs.readFileSync(0, "utf-8"))) {
    results.push(await outcome(() => methods[method](request)));
  }
  process.stdout.write(JSON.stringify(results));
}

main();
