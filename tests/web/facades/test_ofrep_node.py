"""OpenFeature's own published providers for Node and for pages, unchanged, against a started server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorbird.web.options import Options
from tests.web.facades import node
from tests.web.facades.campaigns import start_on
from tests.web.served import Served, serving

SERVER = {
    "@openfeature/core": "1.4.0",
    "@openfeature/ofrep-core": "0.1.4",
    "@openfeature/ofrep-provider": "0.1.3",
    "@openfeature/server-sdk": "1.15.1",
}
WEB = {
    "@openfeature/core": "1.12.0",
    "@openfeature/ofrep-core": "2.3.0",
    "@openfeature/ofrep-web-provider": "0.4.3",
    "@openfeature/web-sdk": "1.10.0",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("ofrep")
    with serving(folder, Options(access_log=False)) as here:
        for key, content in (("bool", True), ("str", "blue"), ("num", 2.5), ("obj", {"title": "Hello"})):
            start_on(here.url, here.key, key, content)
        start_on(here.url, here.key, "held", "never", control=100)
        start_on(here.url, here.key, "british", "tea", audience={"country": "GB"})
        yield here


ON_A_SERVER = """
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';
const [baseUrl, key] = process.argv.slice(1);
const provider = new OFREPProvider({ baseUrl, headers: [['Authorization', `Bearer ${key}`]] });
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
const ada = { targetingKey: 'ada', country: 'GB' };
console.log(JSON.stringify({
  bool: await client.getBooleanValue('bool', false, ada),
  str: await client.getStringValue('str', 'red', ada),
  num: await client.getNumberValue('num', 0, ada),
  obj: await client.getObjectValue('obj', {}, ada),
  british: await client.getStringValue('british', 'coffee', ada),
  french: await client.getStringDetails('british', 'coffee', { targetingKey: 'bob', country: 'FR' }),
  held: await client.getStringDetails('held', 'mine', ada),
  missing: await client.getStringDetails('missing', 'mine', ada),
  nobody: await client.getStringDetails('str', 'mine'),
}));
"""


def test_the_provider_for_servers(served: Served) -> None:
    found = node.run(node.installed("ofrep-server", SERVER), ON_A_SERVER, served.url, served.key)
    assert (found["bool"], found["str"], found["num"], found["obj"]) == (True, "blue", 2.5, {"title": "Hello"})
    assert found["british"] == "tea"
    for told in (found["french"], found["held"]):  # this provider knows no answer without a value
        assert (told["reason"], "expected format" in told["errorMessage"]) == ("ERROR", True)
    assert (found["french"]["value"], found["held"]["value"]) == ("coffee", "mine")
    assert (found["missing"]["value"], found["missing"]["errorCode"]) == ("mine", "FLAG_NOT_FOUND")
    assert (found["nobody"]["value"], found["nobody"]["errorCode"]) == ("mine", "TARGETING_KEY_MISSING")


AS_A_PAGE = """
import { OpenFeature } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
const [baseUrl, key] = process.argv.slice(1);
const statuses = [];
const real = globalThis.fetch;
globalThis.fetch = async (...told) => {
  const answer = await real(...told);
  statuses.push(answer.status);
  return answer;
};
const provider = new OFREPWebProvider({
  baseUrl, headers: [['Authorization', `Bearer ${key}`]], cacheMode: 'disabled', pollInterval: 200,
});
await OpenFeature.setContext({ targetingKey: 'ada', country: 'GB' });
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
const flags = () => ({
  bool: client.getBooleanValue('bool', false),
  num: client.getNumberValue('num', 0),
  british: client.getStringValue('british', 'coffee'),
  held: client.getStringDetails('held', 'mine').variant,
  missing: client.getStringDetails('missing', 'mine').errorCode,
});
const ada = flags();
const wait = (condition) => new Promise((resolve) => {
  const timer = setInterval(() => condition() && (clearInterval(timer), resolve()), 20);
});
await Promise.race([wait(() => statuses.includes(304)), new Promise((resolve) => setTimeout(resolve, 5000))]);
await OpenFeature.setContext({ targetingKey: 'bob', country: 'FR' });
console.log(JSON.stringify({ ada, bob: flags(), statuses }));
await OpenFeature.close();
process.exit(0);
"""


def test_the_provider_for_pages_polls_with_etags(served: Served) -> None:
    """Node has no EventSource here, so the provider asks from time to time; tests/browser has it listen."""
    found = node.run(node.installed("ofrep-web", WEB), AS_A_PAGE, served.url, served.key)
    assert found["ada"] == {
        "bool": True,
        "num": 2.5,
        "british": "tea",
        "held": "control",
        "missing": "FLAG_NOT_FOUND",
    }
    assert found["bob"]["british"] == "coffee"
    assert found["statuses"][0] == 200
    assert 304 in found["statuses"]
