/** First calls in seven languages: decide, then report what happened, with the token handed back. */

type Call = { base: string; key: string; campaign: string };
type Language = { value: string; label: string; write: (call: Call) => string };

export const LANGUAGES: Language[] = [
  {
    value: "curl",
    label: "curl",
    write: ({ base, key, campaign }) => `curl ${base}/v1/decide \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d '{"visitor": {"id": "anna@example.org"}, "campaigns": ["${campaign}"]}'

curl ${base}/v1/events \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d '{"events": [{"name": "order", "visitor": {"id": "anna@example.org"}, "properties": {"amount": 49.9}}]}'`,
  },
  {
    value: "python",
    label: "Python",
    write: ({ base, key, campaign }) => `import os
import httpx

tailorbird = httpx.Client(
    base_url="${base}",
    headers={"Authorization": "Bearer " + os.environ.get("TAILORBIRD_KEY", "${key}")},
    timeout=0.3,
)

visitor = {"id": "anna@example.org"}
decided = tailorbird.post("/v1/decide", json={"visitor": visitor, "campaigns": ["${campaign}"]}).json()
decision = decided["decisions"][0]
print(decision["reason"], decision["payload"])

tailorbird.post("/v1/events", json={"events": [
    {"name": "impression", "visitor": visitor, "token": decision["token"]},
    {"name": "order", "visitor": visitor, "properties": {"amount": 49.9}},
]}).raise_for_status()`,
  },
  {
    value: "node",
    label: "Node",
    write: ({ base, key, campaign }) => `// first.mjs, with Node 18 or newer
const call = (path, body) =>
  fetch("${base}" + path, {
    method: "POST",
    headers: { authorization: "Bearer ${key}", "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(300),
  }).then((answer) => answer.json());

const visitor = { id: "anna@example.org" };
const { decisions } = await call("/v1/decide", { visitor, campaigns: ["${campaign}"] });
console.log(decisions[0].reason, decisions[0].payload);

await call("/v1/events", {
  events: [
    { name: "impression", visitor, token: decisions[0].token },
    { name: "order", visitor, properties: { amount: 49.9 } },
  ],
});`,
  },
  {
    value: "php",
    label: "PHP",
    write: ({ base, key, campaign }) => `<?php
function tailorbird(string $path, array $body): array {
    $call = curl_init("${base}" . $path);
    curl_setopt_array($call, [
        CURLOPT_POSTFIELDS => json_encode($body),
        CURLOPT_HTTPHEADER => ["Authorization: Bearer ${key}", "Content-Type: application/json"],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT_MS => 300,
    ]);
    return json_decode(curl_exec($call), true);
}

$visitor = ["id" => "anna@example.org"];
$decision = tailorbird("/v1/decide", ["visitor" => $visitor, "campaigns" => ["${campaign}"]])["decisions"][0];
tailorbird("/v1/events", ["events" => [
    ["name" => "impression", "visitor" => $visitor, "token" => $decision["token"]],
    ["name" => "order", "visitor" => $visitor, "properties" => ["amount" => 49.9]],
]]);`,
  },
  {
    value: "ruby",
    label: "Ruby",
    write: ({ base, key, campaign }) => `require "net/http"
require "json"

def tailorbird(path, body)
  uri = URI("${base}#{path}")
  headers = { "Authorization" => "Bearer ${key}", "Content-Type" => "application/json" }
  JSON.parse(Net::HTTP.post(uri, body.to_json, headers).body)
end

visitor = { id: "anna@example.org" }
decision = tailorbird("/v1/decide", { visitor: visitor, campaigns: ["${campaign}"] })["decisions"][0]
tailorbird("/v1/events", { events: [
  { name: "impression", visitor: visitor, token: decision["token"] },
  { name: "order", visitor: visitor, properties: { amount: 49.9 } }
] })`,
  },
  {
    value: "go",
    label: "Go",
    write: ({ base, key, campaign }) => `package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

type object = map[string]any

var client = http.Client{Timeout: 300 * time.Millisecond}

func tailorbird(path string, body object) (answer object, err error) {
	text, _ := json.Marshal(body)
	call, _ := http.NewRequest("POST", "${base}"+path, bytes.NewReader(text))
	call.Header.Set("Authorization", "Bearer ${key}")
	call.Header.Set("Content-Type", "application/json")
	got, err := client.Do(call)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	return answer, json.NewDecoder(got.Body).Decode(&answer)
}

func main() {
	visitor := object{"id": "anna@example.org"}
	decided, err := tailorbird("/v1/decide", object{"visitor": visitor, "campaigns": []string{"${campaign}"}})
	if err != nil {
		panic(err)
	}
	decision := decided["decisions"].([]any)[0].(object)
	fmt.Println(decision["reason"], decision["payload"])
	tailorbird("/v1/events", object{"events": []object{
		{"name": "impression", "visitor": visitor, "token": decision["token"]},
		{"name": "order", "visitor": visitor, "properties": object{"amount": 49.9}},
	}})
}`,
  },
  {
    value: "java",
    label: "Java",
    write: ({ base, key, campaign }) => `import java.net.URI;
import java.net.http.*;
import java.time.Duration;

class Tailorbird {
  static final HttpClient client = HttpClient.newHttpClient();

  static String call(String path, String body) throws Exception {
    var request = HttpRequest.newBuilder(URI.create("${base}" + path))
        .header("Authorization", "Bearer ${key}").header("Content-Type", "application/json")
        .timeout(Duration.ofMillis(300)).POST(HttpRequest.BodyPublishers.ofString(body)).build();
    return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  public static void main(String[] args) throws Exception {
    System.out.println(call("/v1/decide", """
        {"visitor": {"id": "anna@example.org"}, "campaigns": ["${campaign}"]}"""));
    System.out.println(call("/v1/events", """
        {"events": [{"name": "order", "visitor": {"id": "anna@example.org"}, "properties": {"amount": 49.9}}]}"""));
  }
}`,
  },
];
