// GrowthBook's remote evaluation behind node:http and nothing else: no key is checked, no middleware runs.
// node proxy_eval.mjs PORT FEATURES.json, run where the packages are installed.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [port, file] = process.argv.slice(2);
const { evaluateFeatures } = createRequire(`${process.cwd()}/`)("@growthbook/proxy-eval");
const payload = { features: JSON.parse(readFileSync(file, "utf8")) };

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const { attributes, url } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const body = Buffer.from(JSON.stringify(await evaluateFeatures({ payload, attributes, url })));
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
    response.end(body);
  });
});
server.keepAliveTimeout = 300_000;
server.listen(Number(port), "127.0.0.1");
