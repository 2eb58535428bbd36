"""The files of deploy/ say the same as the server: its settings, paths, times and user."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packaging.requirements import Requirement

from tailorbird import __version__
from tailorbird.settings import Settings, read, variable
from tests.architecture.sources import ROOT

DEPLOY = ROOT / "deploy"
SETTINGS = Settings()
#: where a server keeps its data, in the image, in the unit and in the cluster
DATA = "/var/lib/tailorbird"
USER = 10001


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def documents(name: str) -> list[Any]:
    parts = re.split(r"^---$", text(name), flags=re.MULTILINE)
    return [one for one in map(msgspec.yaml.decode, parts) if one is not None]


def tool(name: str) -> str | None:
    """A program of this environment, else of the machine."""
    own = Path(sys.executable).parent / name
    return str(own) if own.exists() else shutil.which(name)


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_every_setting_that_is_named_is_one(path: Path) -> None:
    known = {variable(field.name) for field in msgspec.structs.fields(Settings)} | {"TAILORBIRD_REPLICAS"}
    assert set(re.findall(r"TAILORBIRD_[A-Z_]+", path.read_text(encoding="utf-8"))) <= known


# -- the image --------------------------------------------------------------------------------------------------------


def instructions(stage: int) -> list[tuple[str, str]]:
    """The instructions of one stage of the Dockerfile, lines joined."""
    plain = re.sub(r"^\s*#.*\n", "", text("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    stages: list[list[tuple[str, str]]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, re.sub(r"\s+", " ", rest)))
    return stages[stage]


def told(word: str, stage: int = 1) -> list[str]:
    return [rest for name, rest in instructions(stage) if name == word]


def test_the_image_runs_the_server_as_nobody_special() -> None:
    assert told("USER") == [f"{USER}:{USER}"]
    assert told("VOLUME") == [DATA]
    assert told("EXPOSE") == [str(SETTINGS.port)]
    assert (told("ENTRYPOINT"), told("CMD")) == (['["tailorbird"]'], ['["serve"]'])
    assert told("STOPSIGNAL") == ["SIGTERM"]
    (environment,) = told("ENV")
    variables = dict(re.findall(r"(TAILORBIRD_\w+)=(\S+)", environment))
    assert read(variables) == Settings(data=Path(DATA), host="0.0.0.0")
    last = [word for word, _ in instructions(1)]
    assert "RUN" not in last[last.index("USER") :], "nothing is built as the user that runs"


def test_everything_in_the_image_has_a_hash() -> None:
    installs = [part for run in told("RUN", 0) for part in run.split("&&") if " install " in part or " wheel " in part]
    assert len(installs) == 4
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert [part for part in installs if "requirements/runtime.txt" in part]
    assert not [run for run in told("RUN", 1) if "pip" in run]


def test_the_build_back_end_is_complete() -> None:
    (chosen,) = re.findall(r"\\\((.*?)\\\)==", next(run for run in told("RUN", 0) if "sed" in run))
    assert set(chosen.split("\\|")) == needed("hatchling")


def needed(package: str) -> set[str]:
    """A package and everything that it needs here."""
    found, waiting = set[str](), [package]
    while waiting:
        name = waiting.pop()
        found.add(name)
        wanted = [Requirement(line) for line in importlib.metadata.requires(name) or ()]
        here = [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
        waiting += [one for one in here if one not in found]
    return found


def test_the_image_is_probed_on_the_port_that_is_set() -> None:
    (check,) = told("HEALTHCHECK")
    command = msgspec.json.decode(check[check.index("[") :])
    assert command[0] == "/opt/tailorbird/bin/python"
    code = command[-1]
    assert f"os.environ.get('{variable('port')}', '{SETTINGS.port}') + '/healthz'" in code
    compile(code, "HEALTHCHECK", "exec")


def test_only_what_the_image_needs_goes_into_the_build() -> None:
    rules = [line for line in text("Dockerfile.dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = [part for rest in told("COPY", 0) for part in rest.split()[:-1]]
    assert len(copied) == 5
    for path in copied:
        assert (ROOT / path).exists()
        assert any(Path(path).match(rule) or rule.startswith(f"{path}/") for rule in let_in), path


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = tool("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# -- compose ----------------------------------------------------------------------------------------------------------


def test_compose_migrates_after_the_database_and_serves_after_that() -> None:
    (compose,) = documents("compose.yaml")
    services = compose["services"]
    assert services["migrate"]["command"] == ["migrate"]
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["tailorbird"]["command"] == ["serve"]
    assert services["tailorbird"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert "pg_isready" in services["database"]["healthcheck"]["test"]
    assert all(volume in compose["volumes"] for volume in mounted(services))
    for name in ("migrate", "tailorbird"):
        one = services[name]
        assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
        assert one["environment"]["TAILORBIRD_DATABASE"].startswith("postgresql://")


def mounted(services: dict[str, Any]) -> Iterator[str]:
    for one in services.values():
        yield from (volume.partition(":")[0] for volume in one.get("volumes", ()))


def test_compose_opens_ports_to_this_machine_only_and_waits_for_a_stop() -> None:
    (compose,) = documents("compose.yaml")
    server = compose["services"]["tailorbird"]
    assert server["ports"] == [f"127.0.0.1:{SETTINGS.port}-{SETTINGS.port + 1}:{SETTINGS.port}"]
    assert int(server["stop_grace_period"].removesuffix("s")) > SETTINGS.shutdown_seconds
    assert server["volumes"] == [f"definitions:{DATA}"]


def test_compose_holds_no_password() -> None:
    (compose,) = documents("compose.yaml")
    assert compose["services"]["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    for name in ("migrate", "tailorbird"):
        address = compose["services"][name]["environment"]["TAILORBIRD_DATABASE"]
        assert re.fullmatch(r"postgresql://tailorbird:\$\{POSTGRES_PASSWORD:\?[^}]+\}@database/tailorbird", address)


# -- systemd ----------------------------------------------------------------------------------------------------------


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text("tailorbird.service").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_starts_the_server_and_lets_it_stop() -> None:
    one = unit()
    assert one["ExecStart"] == ["/opt/tailorbird/bin/tailorbird serve"]
    assert one["User"] == one["Group"] == one["StateDirectory"] == ["tailorbird"]
    assert one["Environment"] == ["TAILORBIRD_DATA=%S/tailorbird"]
    assert int(one["TimeoutStopSec"][0]) > SETTINGS.shutdown_seconds
    assert one["RestartPreventExitStatus"] == ["2"]
    assert one["NoNewPrivileges"] == ["yes"]
    assert one["ProtectSystem"] == ["strict"]


def test_systemd_understands_the_unit_and_calls_it_confined(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    here = tmp_path / "tailorbird.service"
    command = Path(sys.executable).parent / "tailorbird"
    here.write_text(text("tailorbird.service").replace("/opt/tailorbird/bin/tailorbird", str(command)))
    for words in (
        ("verify", "--man=no", str(here)),
        ("security", "--offline=yes", "--threshold=15", "--no-pager", str(here)),
    ):
        done = subprocess.run([analyze, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not done.stderr


# -- Kubernetes -------------------------------------------------------------------------------------------------------


def objects() -> dict[str, Any]:
    return {one["kind"]: one for one in documents("kubernetes.yaml")}


def container(kind: str) -> Any:
    (one,) = objects()[kind]["spec"]["template"]["spec"]["containers"]
    return one


def test_the_cluster_gets_what_it_needs() -> None:
    assert list(objects()) == ["Job", "Deployment", "Service", "PodDisruptionBudget"]
    labels = objects()["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        objects()["Deployment"]["spec"]["selector"]["matchLabels"],
        objects()["Service"]["spec"]["selector"],
        objects()["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    assert not labels.items() <= objects()["Job"]["spec"]["template"]["metadata"]["labels"].items()
    assert container("Job")["args"] == ["migrate"]
    assert container("Deployment")["args"] == ["serve"]
    assert container("Deployment")["image"] == container("Job")["image"] == f"tailorbird:{__version__}"


def test_the_cluster_probes_the_server_and_lets_it_stop() -> None:
    server = container("Deployment")
    assert server["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert server["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert server["ports"] == [{"name": "http", "containerPort": SETTINGS.port}]
    pod = objects()["Deployment"]["spec"]["template"]
    pause = int(server["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["spec"]["terminationGracePeriodSeconds"] > pause + SETTINGS.shutdown_seconds
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(SETTINGS.port)
    assert objects()["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("kind", ["Job", "Deployment"])
def test_pods_are_confined_and_hold_no_secret(kind: str) -> None:
    pod, one = objects()[kind]["spec"]["template"]["spec"], container(kind)
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, USER)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"name": "data", "mountPath": DATA} in one["volumeMounts"]
    (database,) = (entry for entry in one["env"] if entry["name"] == "TAILORBIRD_DATABASE")
    assert database["valueFrom"]["secretKeyRef"]["name"] == "tailorbird"
    assert "value" not in database


def test_the_cluster_s_own_schemas_accept_every_object() -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for one in documents("kubernetes.yaml"):
        schemas.validate(one, "1.30", strict=True)
