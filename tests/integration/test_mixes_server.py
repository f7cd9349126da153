"""The served library over HTTP: names, mixes and new versions; what is wrong with a request; no harm done."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import torch

from skillweave.agent.serving.server import Server
from skillweave.agent.serving.spec import NANO_RANK, spec_for
from skillweave.agent.settings import Settings
from skillweave.skills.factors import Factors, write_adapter
from skillweave.skills.folder import content_hash

HIDDEN, INNER, LAYERS = 64, 128, 2
MODULES = {
    **{f"self_attn.{name}_proj": (HIDDEN, HIDDEN) for name in "qkvo"},
    **{f"mlp.{name}_proj": (INNER, HIDDEN) for name in ("gate", "up")},
    "mlp.down_proj": (HIDDEN, INNER),
}
"""The linear layers of `tiny_model`: ``(out, in)``."""


def put(library: Path, name: str, *, seed: int = 0, rank: int = 4, base: str = "") -> Path:
    """Put an adapter with random factors into the library."""
    generator = torch.Generator().manual_seed(seed)

    def randn(rows: int, columns: int) -> torch.Tensor:
        values = torch.randn(rows, columns, generator=generator)
        return values.div(columns**0.5)

    adapter = {
        f"model.layers.{layer}.{module}": Factors(randn(rank, inputs), randn(outputs, rank))
        for layer in range(LAYERS)
        for module, (outputs, inputs) in MODULES.items()
    }
    return _written(library, name, adapter, base)


def _written(library: Path, name: str, adapter: dict[str, Factors], base: str = "") -> Path:
    skill = library / "skills" / name
    write_adapter(adapter, skill / "adapter", base=base)
    text = f"---\nname: {name}\ndescription: random\n---\n"
    (skill / "SKILL.md").write_text(text, encoding="utf-8")
    return skill


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good adapters, and one of each kind that cannot be served."""
    library = tmp_path_factory.mktemp("library")
    for seed, name in enumerate(("one", "two", "three"), start=1):
        put(library, name, seed=seed)
    put(library, "wide", seed=4, rank=NANO_RANK)
    put(library, "too-wide", seed=5, rank=2 * NANO_RANK)
    put(library, "foreign", seed=6, base="ab" * 32)
    small = Factors(torch.ones(2, HIDDEN // 2), torch.ones(HIDDEN // 2, 2))
    _written(library, "smaller", {"model.layers.0.self_attn.q_proj": small})
    deep = Factors(torch.ones(2, HIDDEN), torch.ones(HIDDEN, 2))
    _written(library, "deeper", {"model.layers.9.self_attn.q_proj": deep})
    cut = put(library, "cut", seed=7) / "adapter" / "adapter_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])
    for name, value in (("nan", "nan"), ("infinite", "inf"), ("huge", "1e38")):
        bad = Factors(torch.full((2, HIDDEN), float(value)), torch.ones(HIDDEN, 2))
        _written(library, name, {"model.layers.0.self_attn.q_proj": bad})
    garbled = put(library, "garbled", seed=8) / "adapter" / "adapter_model.safetensors"
    garbled.write_bytes(bytes(range(256)) * 64)
    (put(library, "hollow", seed=9) / "adapter" / "adapter_model.safetensors").unlink()
    (put(library, "untold", seed=10) / "adapter" / "adapter_config.json").write_text("{]")
    advice = library / "skills" / "advice"
    advice.mkdir()
    (advice / "SKILL.md").write_text("---\nname: advice\ndescription: x\n---\nDo well.\n")
    return library


@pytest.fixture(scope="module")
def server(
    tiny_model: Path, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    state = tmp_path_factory.mktemp("state")
    settings = Settings.load(state_dir=state, library=library, start_seconds=180.0)
    server = asyncio.run(Server.start(spec_for(str(tiny_model), settings), state))
    yield server
    server.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client


async def ask(
    client: httpx.AsyncClient, model: str, prompt: str = "hello", **more: str
) -> httpx.Response:
    options = {"max_tokens": 12, "temperature": 0, "ignore_eos": True, **more}
    return await client.post("/completions", json={"model": model, "prompt": prompt, **options})


async def text(client: httpx.AsyncClient, model: str, prompt: str = "hello", **more: str) -> str:
    response = await ask(client, model, prompt, **more)
    assert response.status_code == 200, response.text
    found: str = response.json()["choices"][0]["text"]
    return found


class TestNames:
    async def test_the_answer_says_which_version_gave_it(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        version = f"one@{content_hash(library / 'skills' / 'one')[:12]}"
        response = await ask(client, "one")
        assert (response.status_code, response.json()["model"]) == (200, version)
        assert await text(client, version) == response.json()["choices"][0]["text"]
        assert (await ask(client, "nano")).json()["model"] == "nano"

    async def test_mixes_and_gates(self, client: httpx.AsyncClient) -> None:
        names = ["nano", "one", "one:0.5+two:0.5", "two+one:-1", "arrow(one,two,three;top=2)"]
        answers = [await text(client, name) for name in names]
        assert len(set(answers)) == len(names)
        assert await text(client, "one:0+two") == await text(client, "two")

    async def test_in_a_chat_and_streamed(self, client: httpx.AsyncClient) -> None:
        messages = [{"role": "user", "content": "hello"}]
        body = {"model": "one+two", "messages": messages, "max_tokens": 8, "stream": True}
        response = await client.post("/chat/completions", json=body)
        assert response.status_code == 200
        assert '"model":"one@' in response.text

    async def test_a_crowd_gets_what_each_gets_alone(self, client: httpx.AsyncClient) -> None:
        models = ["nano", "one", "two:0.3+three:0.9", "nano", "arrow(one,two)", "wide"]
        alone = [await text(client, model, f"question {model}") for model in models]
        crowd = await asyncio.gather(*(text(client, m, f"question {m}") for m in models))
        assert list(crowd) == alone

    async def test_a_new_version_is_served_from_the_next_request_on(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        folder = put(library, "changing", seed=20)
        old = (await ask(client, "changing")).json()
        digest = content_hash(folder)
        kept = library / ".skillweave" / "versions" / digest / "changing"
        kept.parent.mkdir(parents=True)
        shutil.move(folder, kept)
        put(library, "changing", seed=21)
        new = (await ask(client, "changing")).json()
        assert new["model"] != old["model"] == f"changing@{digest[:12]}"
        assert new["choices"][0]["text"] != old["choices"][0]["text"]
        assert await text(client, old["model"]) == old["choices"][0]["text"]
        mixed = (await ask(client, "changing:0.5+one:0.5")).json()["model"]
        assert new["model"] in mixed

    async def test_what_one_version_has_cached_serves_no_other(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        """A salt keeps a request from what others have cached."""
        prompt = "the same long question " * 30
        answers = []
        for seed in (50, 51):
            put(library, "rewritten", seed=seed)
            for name in ("rewritten", "rewritten:0.5+one", "arrow(rewritten,one)"):
                found = [await text(client, name, prompt) for _ in range(2)]
                assert found == [await text(client, name, prompt, cache_salt=f"{seed} {name}")] * 2
                answers.append(found[0])
        assert len(set(answers)) == len(answers)


BAD = [
    ("medicine", 404, "no skill 'medicine' in the library"),
    ("one@0123", 404, "no skill 'one@0123' in the library"),
    ("one+medicine", 404, "no skill 'medicine' in the library"),
    ("../one", 400, "column 1: not a skill's name"),
    ("/etc/passwd", 400, "column 1: not a skill's name"),
    ("arrow(arrow(one,two),three)", 400, "column 7: a mix inside a mix"),
    ("+".join(f"s{i}" for i in range(1000)), 400, "more than 32 adapters; leave some out"),
    ("one" * 100_000, 400, "300000 characters; mix at most 32 adapters"),
    ("vote(one,two)", 400, "no gate of that name; the gates are: arrow, constant"),
    ("advice", 400, "advice is a skill of the kind guide, not an adapter"),
    ("too-wide", 400, f"has the rank {2 * NANO_RANK} and this server's limit is {NANO_RANK}"),
    ("one+wide", 400, f"has the rank {NANO_RANK + 4} and this server's limit is {NANO_RANK}"),
    ("foreign", 400, "was trained for the base model abababababab, but this server serves"),
    ("smaller", 400, "was trained for another base model: its model.layers.0.self_attn.q_proj is"),
    ("one+smaller", 400, "model.layers.0.self_attn.q_proj is [64, 64] in one adapter and [32, 32]"),
    ("deeper", 400, "model.layers.9.self_attn.q_proj is 64x64, and not there here"),
    ("cut", 400, "not a whole safetensors file"),
    ("nan", 400, "holds NaN or infinity; train the adapter again"),
    ("one+nan", 400, "holds NaN or infinity; train the adapter again"),
    ("infinite", 400, "holds NaN or infinity; train the adapter again"),
    ("huge", 400, "values beyond 1e+30; train the adapter again"),
    ("garbled", 400, "garbled's adapter_model.safetensors: not a whole"),
    ("hollow", 400, "hollow's adapter_model.safetensors: missing"),
    ("untold", 400, "untold's adapter_config.json:1: not valid JSON"),
    ("one:nan", 400, "column 5: "),
    ("one:1e9", 400, "column 5: "),
    ("arrow(one,arrow)", 404, "no skill 'arrow' in the library"),
]
"""What is asked for, the status, and a part of the message."""


class TestBadInput:
    @pytest.mark.parametrize(("model", "status", "message"), BAD, ids=lambda value: str(value)[:24])
    async def test_it_is_answered_with_what_is_wrong(
        self, client: httpx.AsyncClient, model: str, status: int, message: str
    ) -> None:
        response = await ask(client, model)
        error = response.json()["error"]
        assert response.status_code == error["code"] == status
        assert message in error["message"]
        assert "\n" not in error["message"]
        assert len(error["message"]) < 600

    async def test_others_are_served_meanwhile(self, client: httpx.AsyncClient) -> None:
        good = [("nano", "one", "one+two")[i % 3] for i in range(len(BAD))]
        alone = {model: await text(client, model) for model in good}
        wrong = [model for model, _, _ in BAD]
        tasks = [ask(client, model) for pair in zip(wrong, good, strict=True) for model in pair]
        answers = await asyncio.gather(*tasks)
        assert [a.status_code for a in answers[::2]] == [status for _, status, _ in BAD]
        said = [a.json()["choices"][0]["text"] for a in answers[1::2]]
        assert said == [alone[model] for model in good]

    @pytest.mark.parametrize("model", ["medicine", "cut", "one+wide"])
    async def test_a_stream_says_so_before_it_begins(
        self, client: httpx.AsyncClient, model: str
    ) -> None:
        body = {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": True}
        response = await client.post("/chat/completions", json=body)
        assert response.status_code in (400, 404)
        assert response.json()["error"]["message"]

    @pytest.mark.parametrize("name", ["nan", "huge"])
    async def test_a_folder_that_vllm_loads_itself_harms_no_other_request(
        self, client: httpx.AsyncClient, library: Path, name: str
    ) -> None:
        before = await text(client, "one")
        path = str(library / "skills" / name / "adapter")
        body = {"lora_name": f"{name}-by-path", "lora_path": path}
        response = await client.post("/load_lora_adapter", json=body)
        assert "train the adapter again" in response.text
        assert (await ask(client, f"{name}-by-path")).status_code == 404
        assert await text(client, "one") == before

    async def test_an_adapter_that_was_put_right_is_served(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        assert (await ask(client, "cut")).status_code == 400
        put(library, "cut", seed=7)
        assert await text(client, "cut")


async def listed(client: httpx.AsyncClient) -> dict[str, str]:
    """What ``/v1/models`` says: names, and what each is."""
    cards = (await client.get("/models")).json()["data"]
    return {card["id"]: card["root"] if card["parent"] else "base" for card in cards}


class TestModels:
    async def test_the_skills_that_can_be_served_are_listed(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        models = await listed(client)
        assert next(iter(models)) == "nano"
        version = content_hash(library / "skills" / "one")[:12]
        assert models["one"] == f"skillweave:one@{version}"
        assert {"two", "three", "wide"} < set(models)
        assert not {"too-wide", "foreign", "untold", "advice"} & set(models)

    async def test_the_list_follows_the_library(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        assert "late" not in await listed(client)
        put(library, "late", seed=30)
        first = (await listed(client))["late"]
        put(library, "late", seed=31)
        second = (await listed(client))["late"]
        assert first != second
        assert await text(client, "late")
        assert second.removeprefix("skillweave:") in await listed(client)
        shutil.rmtree(library / "skills" / "late")
        assert "late" not in await listed(client)

    async def test_a_mix_is_listed_once_it_was_asked_for(self, client: httpx.AsyncClient) -> None:
        before = set(await listed(client))
        mix = (await ask(client, "one:0.125+two:0.875")).json()["model"]
        assert set(await listed(client)) - before == {mix}


async def counted(client: httpx.AsyncClient, *, adapter: str = "") -> dict[str, float]:
    """The plugin's counters, all of them or one adapter's, by name and further label."""
    url = str(client.base_url).removesuffix("/v1/") + "/metrics"
    found = {}
    for line in (await client.get(url)).text.splitlines():
        if line.startswith("skillweave_adapter_") and f'adapter="{adapter or ""}' in line:
            name, value = line.rsplit(" ", 1)
            name = name.removeprefix("skillweave_adapter_").replace(f'adapter="{adapter}"', "")
            found[name.replace("{,", "{").replace("{}", "")] = float(value)
    return {name: value for name, value in found.items() if "_created" not in name}


class TestMetrics:
    async def test_an_adapter_is_counted_under_its_name(
        self, client: httpx.AsyncClient, library: Path
    ) -> None:
        put(library, "metered", seed=40)
        for _ in range(3):
            await text(client, "metered")
        found = await counted(client, adapter="metered")
        assert found.pop("wait_seconds_sum") >= 0
        assert found == {
            "requests_total": 3,
            "hits_total": 2,
            "loads_total": 1,
            'tokens_total{kind="prompt"}': 15,
            'tokens_total{kind="generated"}': 36,
            "wait_seconds_count": 3,
        }

    async def test_mixes_count_together(self, client: httpx.AsyncClient) -> None:
        before = await counted(client, adapter="(mix)")
        for weight in ("0.31", "0.32", "0.33"):
            await text(client, f"one:{weight}+three")
        after = await counted(client, adapter="(mix)")
        assert after["loads_total"] - before.get("loads_total", 0) == 3
        assert after["requests_total"] - before.get("requests_total", 0) == 3
        assert not any("0.31" in name for name in await counted(client))
