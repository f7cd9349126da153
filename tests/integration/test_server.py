"""The real vLLM server on the CPU: what it answers, what its adapters change, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillweave.agent.models import open_model
from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.agent.serving.handle import ServedModel
from skillweave.agent.serving.server import Server
from skillweave.agent.serving.spec import NANO_RANK, spec_for
from skillweave.agent.settings import Settings
from skillweave.skills.errors import AdapterError, ServerError
from skillweave.skills.model import AdapterInfo, Skill

NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight")
GONE_SECONDS = 10.0
CLOSE = 0.05
"""Batches of different sizes round differently in bfloat16."""


@pytest.fixture(scope="module")
def adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Skill]:
    """Adapters with random weights, made with PEFT; ``wide`` has too large a rank.

    As many as a batch has room for: base rows that get an adapter get the one in the last place.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    root = tmp_path_factory.mktemp("adapters")
    skills = {}
    ranks = dict.fromkeys(NAMES, 4) | {"wide": 2 * NANO_RANK}
    for seed, (name, rank) in enumerate(ranks.items()):
        torch.manual_seed(seed)
        config = LoraConfig(
            r=rank, lora_alpha=64, target_modules=["q_proj", "v_proj"], init_lora_weights=False
        )
        model = get_peft_model(LlamaForCausalLM.from_pretrained(tiny_model), config)
        model.save_pretrained(root / name / "adapter")
        skills[name] = Skill(
            name=name,
            description="random",
            kind="adapter",
            digest=f"{seed:x}" * 64,
            path=root / name,
            adapter=AdapterInfo(
                base="", rank=rank, alpha=64, targets=("q_proj", "v_proj"), parameters=0
            ),
        )
    return skills


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load(state_dir=tmp_path_factory.mktemp("state"), start_seconds=180.0)


@pytest.fixture(scope="module")
def phases() -> list[str]:
    return []


@pytest.fixture(scope="module")
def model(tiny_model: Path, settings: Settings, phases: list[str]) -> Iterator[ServedModel]:
    with open_model(str(tiny_model), settings, lambda text, _: phases.append(text)) as handle:
        assert isinstance(handle, ServedModel)
        yield handle


def prompt(text: str = "hello", structure: Structure | None = None, max_tokens: int = 16) -> Prompt:
    message = Message(role="user", content=text)
    return Prompt(messages=(message,), structure=structure, max_tokens=max_tokens)


def group_is_gone(group: int) -> bool:
    """Whether every process of the group ends within a few seconds."""
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


class TestAnswers:
    def test_what_is_known_of_the_model(self, model: ServedModel, phases: list[str]) -> None:
        assert (model.name, model.profile_name) == ("nano", "nano")
        assert model.supports_adapters
        assert len(model.base_hash) == 64
        assert phases == ["loading vLLM", "loading the model"]

    async def test_text_counts_and_log_probabilities(self, model: ServedModel) -> None:
        answer = await model.ask(prompt())
        assert answer.text
        assert answer.tokens == 16
        assert answer.mean_logprob is not None
        assert answer.min_logprob is not None
        assert answer.min_logprob <= answer.mean_logprob < 0

    async def test_streaming_says_the_same(self, model: ServedModel) -> None:
        heard: list[str] = []
        streamed = await model.ask(prompt(), on_token=heard.append)
        whole = await model.ask(prompt())
        assert "".join(heard) == streamed.text == whole.text
        assert streamed.mean_logprob == pytest.approx(whole.mean_logprob, abs=CLOSE)
        assert (streamed.tokens, streamed.prompt_tokens) == (whole.tokens, whole.prompt_tokens)

    async def test_a_grammar_binds_the_answer(self, model: ServedModel) -> None:
        grammar = 'root ::= "STEP " [1-9] ": " ("add" | "sub") "\\n"'
        answer = await model.ask(prompt(structure=Structure(grammar=grammar), max_tokens=64))
        assert answer.text in {f"STEP {n}: {op}\n" for n in range(1, 10) for op in ("add", "sub")}

    async def test_a_schema_binds_the_answer(self, model: ServedModel) -> None:
        schema = {
            "type": "object",
            "properties": {"unit": {"enum": ["km", "mile"]}, "ok": {"type": "boolean"}},
            "required": ["unit", "ok"],
            "additionalProperties": False,
        }
        structure = Structure(json_schema=schema)
        answer = await model.ask(prompt(structure=structure, max_tokens=64))
        value = json.loads(answer.text)
        assert value["unit"] in ("km", "mile")
        assert isinstance(value["ok"], bool)

    async def test_a_grammar_that_is_none(self, model: ServedModel) -> None:
        with pytest.raises(ServerError, match=r"^nano: .*grammar") as error:
            await model.ask(prompt(structure=Structure(grammar="root ::= (")))
        assert "\n" not in str(error.value)

    async def test_a_prompt_that_is_too_long(self, model: ServedModel) -> None:
        with pytest.raises(ServerError, match=r"^nano: .*2048"):
            await model.ask(prompt("x" * 5000))

    def test_without_a_loop_of_our_own(self, model: ServedModel) -> None:
        said = model.chat().invoke("hello", max_tokens=4)
        assert said.text

    def test_from_one_loop_after_the_other(self, model: ServedModel) -> None:
        texts = [asyncio.run(model.ask(prompt())).text for _ in range(2)]
        assert texts[0] == texts[1]


class TestAdapters:
    async def test_they_change_the_answer(
        self, model: ServedModel, adapters: dict[str, Skill]
    ) -> None:
        names = [await model.load_adapter(adapters[name]) for name in NAMES[:2]]
        assert names == ["one@000000000000", "two@111111111111"]
        answers = [await model.ask(prompt(), adapter) for adapter in (None, *names)]
        assert len({answer.text for answer in answers}) == 3
        assert [answer.model for answer in answers] == ["nano", *names]

    async def test_a_mixed_crowd_gets_what_each_gets_alone(
        self, model: ServedModel, adapters: dict[str, Skill]
    ) -> None:
        names = [await model.load_adapter(adapters[name]) for name in NAMES]
        asked = [(f"question {i}", adapter) for i in range(2) for adapter in (None, *names)]
        alone = [(await model.ask(prompt(text), adapter)).text for text, adapter in asked]
        crowd = await asyncio.gather(*(model.ask(prompt(text), adapter) for text, adapter in asked))
        assert [answer.text for answer in crowd] == alone

    async def test_too_large_a_rank_is_refused(
        self, model: ServedModel, adapters: dict[str, Skill]
    ) -> None:
        with pytest.raises(AdapterError, match=r"^wide@888888888888: the server refused it: ") as e:
            await model.load_adapter(adapters["wide"])
        assert "rank" in str(e.value)

    async def test_a_server_can_be_attached_by_its_url(
        self, model: ServedModel, settings: Settings, adapters: dict[str, Skill]
    ) -> None:
        with open_model(f"vllm:{model.url}#nano", settings) as attached:
            assert attached.base_hash == model.base_hash
            assert attached.profile_name == "nano"
            name = await attached.load_adapter(adapters["one"])
            assert (await attached.ask(prompt(), name)).text
        with pytest.raises(ServerError, match="serves no model 'other'; it serves nano"):
            open_model(f"{model.url}#other", settings)


SHARE = """
import asyncio, sys
from skillweave.agent.serving.registry import shared_server
from skillweave.agent.serving.spec import spec_for
from skillweave.agent.settings import Settings

async def run():
    settings = Settings.load(state_dir=sys.argv[2])
    told = lambda text, _: print(text, flush=True)
    async with shared_server(spec_for(sys.argv[1], settings), settings, told) as server:
        print("pid", server.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(run())
"""


class TestEnds:
    def test_shared_by_processes_and_gone_with_its_starter(
        self, tiny_model: Path, tmp_path: Path
    ) -> None:
        command = [sys.executable, "-c", SHARE, str(tiny_model), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            lines = iter(starter.stdout)
            group = int(next(line for line in lines if line.startswith("pid")).split()[1])
            settings = Settings.load(state_dir=tmp_path)
            with open_model(str(tiny_model), settings) as model:
                assert isinstance(model, ServedModel)
                assert model.server is None
                assert asyncio.run(model.ask(prompt())).text
            os.killpg(group, 0)
            starter.send_signal(signal.SIGKILL)
        assert group_is_gone(group)
        with pytest.raises(ServerError, match="no model server answers at"):
            asyncio.run(model.ask(prompt()))

    def test_gone_with_its_starter_while_starting(self, tiny_model: Path, tmp_path: Path) -> None:
        command = [sys.executable, "-c", SHARE, str(tiny_model), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            assert next(iter(starter.stdout)) == "loading vLLM\n"
            children = Path(f"/proc/{starter.pid}/task/{starter.pid}/children").read_text()
            starter.send_signal(signal.SIGKILL)
        assert group_is_gone(int(children.split()[0]))

    async def test_a_damaged_model_is_explained(self, tmp_path: Path, settings: Settings) -> None:
        (tmp_path / "config.json").write_text('{"skillweave_profile": "nano"}')
        with pytest.raises(ServerError, match=r"the model server did not start: .*the log is /"):
            await Server.start(spec_for(str(tmp_path), settings), settings.state_dir)

    async def test_stopping_leaves_no_process(self, model: ServedModel) -> None:
        """Last in the file: it ends the server of the tests above."""
        server = model.server
        assert server is not None
        os.killpg(server.pid, 0)
        started = time.monotonic()
        model.close()
        assert time.monotonic() - started < 3
        assert group_is_gone(server.pid)
        with pytest.raises(ServerError, match="the model server ended: "):
            await model.ask(prompt())
