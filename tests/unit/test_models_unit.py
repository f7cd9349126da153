"""Model handles without a server: names, hashes, answers, arguments, errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage

from skillweave.agent.models import Answer, ModelHandle, ScriptedModel, aopen_model, open_model
from skillweave.agent.profiles.base import Message, Prompt, Structure
from skillweave.agent.providers import ProviderModel
from skillweave.agent.reading import answer_of, messages_of
from skillweave.agent.serving import registry
from skillweave.agent.serving.handle import Served, ServedModel
from skillweave.agent.serving.registry import ServerRecord, find_server
from skillweave.agent.serving.server import last_words
from skillweave.agent.serving.spec import ServerSpec, spec_for
from skillweave.agent.serving.weights import hub_folder, profile_of, weights_hash
from skillweave.agent.settings import Settings
from skillweave.skills.errors import AdapterError, ServerError, SettingsError
from skillweave.skills.model import AdapterInfo, Skill

PROMPT = Prompt(
    messages=(Message(role="system", content="plan"), Message(role="user", content="add 1 and 2"))
)
BASE = "a" * 64


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(state_dir=tmp_path / "state", ask_seconds=5.0)


def adapter_skill(base: str = BASE, path: Path | None = Path("/skills/tone")) -> Skill:
    info = AdapterInfo(base=base, rank=4, alpha=8, targets=("q_proj",), parameters=1)
    return Skill(
        name="tone",
        description="d",
        kind="adapter",
        adapter=info,
        digest="0123456789abcdef",
        path=path,
    )


class TestNames:
    @pytest.mark.parametrize("name", ["gpt", "no-such-model"])
    def test_a_name_that_means_nothing(self, name: str, settings: Settings) -> None:
        with pytest.raises(SettingsError, match=f"model = '{name}': name the embedded model"):
            open_model(name, settings)

    async def test_opening_inside_a_loop_does_not_need_that_loop(self, settings: Settings) -> None:
        with pytest.raises(SettingsError):
            open_model("nothing", settings)
        with pytest.raises(SettingsError):
            await aopen_model("nothing", settings)

    def test_a_folder_without_a_model(self, tmp_path: Path, settings: Settings) -> None:
        with pytest.raises(SettingsError, match=r"holds no model \(no config.json\)"):
            open_model(str(tmp_path), settings)

    def test_no_server_at_a_url(self, settings: Settings) -> None:
        with pytest.raises(
            ServerError, match=r"no model server answers at http://127\.0\.0\.1:9/v1"
        ):
            open_model("http://127.0.0.1:9", settings)

    def test_a_provider_that_is_not_installed(self, settings: Settings) -> None:
        with pytest.raises(SettingsError, match="model = 'anthropic:claude'"):
            open_model("anthropic:claude", settings)

    def test_a_provider_without_its_key(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        with pytest.raises(SettingsError, match="model = 'openai:gpt-5': "):
            open_model("openai:gpt-5", settings)


class TestSpec:
    def test_a_nano_folder(self, tmp_path: Path, settings: Settings) -> None:
        (tmp_path / "config.json").write_text('{"skillweave_profile": "nano"}')
        (tmp_path / "model.safetensors").write_bytes(b"weights")
        spec = spec_for(str(tmp_path), settings)
        assert (spec.name, spec.profile) == ("nano", "nano")
        assert spec.base_hash == hashlib.sha256(b"weights").hexdigest()
        assert "--enable-lora" in spec.arguments()
        assert spec.environment()["HF_HUB_OFFLINE"] == "1"
        assert spec.environment()["OMP_NUM_THREADS"] == "1"

    def test_a_model_of_the_hub(self, settings: Settings) -> None:
        spec = spec_for("org/name", settings)
        assert (spec.model, spec.name, spec.profile) == ("org/name", "org/name", "chat")
        assert "HF_HUB_OFFLINE" not in spec.environment()
        assert "--dtype" not in spec.arguments()

    def test_profile_of_a_damaged_config(self, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text("{")
        assert profile_of(tmp_path, "x") == "chat"
        assert profile_of(tmp_path, "nano") == "nano"


class TestWeightsHash:
    def test_no_weights(self, tmp_path: Path) -> None:
        assert weights_hash(tmp_path) == ""

    def test_shards_count_in_name_order(self, tmp_path: Path) -> None:
        (tmp_path / "model-2.safetensors").write_bytes(b"two")
        (tmp_path / "model-1.safetensors").write_bytes(b"one")
        hashes = [hashlib.sha256(part).hexdigest() for part in (b"one", b"two")]
        assert weights_hash(tmp_path) == hashlib.sha256("\n".join(hashes).encode()).hexdigest()

    def test_a_blob_of_the_hub_cache_is_not_read(self, tmp_path: Path) -> None:
        blob = tmp_path / "blobs" / BASE
        blob.parent.mkdir()
        blob.write_bytes(b"never read")
        (tmp_path / "model.safetensors").symlink_to(blob)
        assert weights_hash(tmp_path) == BASE

    def test_a_model_that_the_hub_cache_does_not_hold(self) -> None:
        assert hub_folder("no-such/model") is None


class TestAnswer:
    def test_log_probabilities_of_the_answer(self) -> None:
        tokens = [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}]
        message = AIMessage(
            content="ab",
            response_metadata={"logprobs": {"content": tokens}},
            usage_metadata={"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
        )
        answer = answer_of(message, model="nano", seconds=0.1)
        assert (answer.mean_logprob, answer.min_logprob) == (-1.0, -1.5)
        assert (answer.tokens, answer.prompt_tokens) == (2, 7)

    @pytest.mark.parametrize("logprobs", [None, {}, {"content": None}, {"content": []}])
    def test_a_provider_that_tells_none(self, logprobs: object) -> None:
        message = AIMessage(content="x", response_metadata={"logprobs": logprobs})
        answer = answer_of(message, model="m", seconds=0.0)
        assert answer.mean_logprob is None
        assert answer.min_logprob is None

    def test_roles(self) -> None:
        assert [m.type for m in messages_of(PROMPT)] == ["system", "human"]


class TestScripted:
    async def test_answers_in_order_and_remembers_prompts(self) -> None:
        heard: list[str] = []
        with ScriptedModel(["one\ntwo", Answer(text="three")]) as model:
            handle: ModelHandle = model
            assert (await handle.ask(PROMPT, on_token=heard.append)).text == "one\ntwo"
            assert (await handle.ask(PROMPT, adapter="tone@1")).text == "three"
            with pytest.raises(ServerError, match="no answer left"):
                await handle.ask(PROMPT)
        assert heard == ["one\n", "two"]
        assert [adapter for _, adapter in model.prompts] == [None, "tone@1", None]

    async def test_a_function_of_the_prompt(self) -> None:
        model = ScriptedModel(lambda prompt, adapter: f"{adapter}: {prompt.messages[-1].content}")
        assert (await model.ask(PROMPT, adapter="a")).text == "a: add 1 and 2"

    async def test_loads_adapters_only(self) -> None:
        model = ScriptedModel([])
        assert await model.load_adapter(adapter_skill()) == "tone@0123456789ab"
        with pytest.raises(AdapterError):
            await model.load_adapter(Skill(name="x", description="d", kind="guide"))


class TestProvider:
    async def test_any_langchain_model(self, settings: Settings) -> None:
        heard: list[str] = []
        chat = FakeListChatModel(responses=["hello"])
        with ProviderModel("fake:model", settings, chat) as model:
            assert (await model.ask(PROMPT)).text == "hello"
            assert (await model.ask(PROMPT, on_token=heard.append)).text == "hello"
        assert "".join(heard) == "hello"

    async def test_no_adapters(self, settings: Settings) -> None:
        model = ProviderModel("fake:model", settings, FakeListChatModel(responses=["x"]))
        with pytest.raises(AdapterError, match="fake:model takes no adapters"):
            await model.load_adapter(adapter_skill())
        with pytest.raises(AdapterError, match="fake:model takes no adapters"):
            await model.ask(PROMPT, adapter="tone@1")

    async def test_its_errors_are_said_in_one_line(self, settings: Settings) -> None:
        empty = GenericFakeChatModel(messages=iter([]))
        model = ProviderModel("fake:model", settings, empty)
        with pytest.raises(ServerError, match=r"^fake:model: ") as error:
            await model.ask(PROMPT)
        assert "\n" not in str(error.value)


def served(
    answers: Sequence[httpx.Response], settings: Settings, **changes: object
) -> tuple[ServedModel, list[httpx.Request]]:
    """A handle whose requests end here."""
    requests: list[httpx.Request] = []
    rest = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return rest.pop(0)

    known = {"url": "http://127.0.0.1:9/v1", "name": "nano", "base_hash": BASE, **changes}
    model = ServedModel(
        Served.model_validate(known), settings, transport=httpx.MockTransport(answer)
    )
    return model, requests


COMPLETION = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "nano",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "SAY hi"},
            "logprobs": {"content": [{"token": "SAY", "logprob": -0.25, "top_logprobs": []}]},
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


class TestServed:
    def test_every_event_loop_has_connections_of_its_own(self, settings: Settings) -> None:
        model, _ = served([], settings)

        async def mine() -> object:
            assert model.chat() is model.chat()
            return model.chat().http_async_client

        assert asyncio.run(mine()) is not asyncio.run(mine())

    async def test_a_grammar_goes_to_vllm_as_structured_output(self, settings: Settings) -> None:
        model, requests = served([httpx.Response(200, json=COMPLETION)], settings)
        prompt = PROMPT.model_copy(update={"structure": Structure(grammar='root ::= "a"')})
        answer = await model.ask(prompt)
        body = json.loads(requests[0].content)
        assert body["structured_outputs"] == {"grammar": 'root ::= "a"'}
        assert (body["model"], body["temperature"], body["logprobs"]) == ("nano", 0.0, True)
        assert (answer.text, answer.tokens, answer.mean_logprob) == ("SAY hi", 2, -0.25)

    async def test_a_schema_goes_to_vllm_as_structured_output(self, settings: Settings) -> None:
        model, requests = served([httpx.Response(200, json=COMPLETION)], settings)
        structure = Structure(json_schema={"type": "integer"})
        await model.ask(PROMPT.model_copy(update={"structure": structure}), adapter="tone@1")
        body = json.loads(requests[0].content)
        assert body["structured_outputs"] == {"json": {"type": "integer"}}
        assert body["model"] == "tone@1"

    async def test_a_refusal_is_said_in_one_line(self, settings: Settings) -> None:
        refusal = {"error": {"message": "the prompt is\ntoo long", "code": 400}}
        model, _ = served([httpx.Response(400, json=refusal)], settings)
        with pytest.raises(ServerError, match=r"^nano: .*the prompt is too long") as error:
            await model.ask(PROMPT)
        assert "\n" not in str(error.value)

    async def test_an_adapter_is_loaded_once_under_a_name_with_its_digest(
        self, settings: Settings
    ) -> None:
        model, requests = served([httpx.Response(200, text="Success")], settings)
        assert await model.load_adapter(adapter_skill()) == "tone@0123456789ab"
        assert await model.load_adapter(adapter_skill()) == "tone@0123456789ab"
        assert [json.loads(r.content) for r in requests] == [
            {"lora_name": "tone@0123456789ab", "lora_path": "/skills/tone/adapter"}
        ]

    async def test_another_process_may_have_loaded_it(self, settings: Settings) -> None:
        refusal = {"error": {"message": "The lora adapter 'x' has already been loaded."}}
        model, _ = served([httpx.Response(400, json=refusal)], settings)
        assert await model.load_adapter(adapter_skill()) == "tone@0123456789ab"

    async def test_the_server_refuses_an_adapter(self, settings: Settings) -> None:
        refusal = {"error": {"message": "LoRA rank 99 is greater\nthan 16"}}
        model, _ = served([httpx.Response(500, json=refusal)], settings)
        with pytest.raises(AdapterError, match=r"tone@0123456789ab: .*rank 99 is greater than 16"):
            await model.load_adapter(adapter_skill())

    @pytest.mark.parametrize(
        ("skill", "message"),
        [
            (adapter_skill(base="b" * 64), "trained for the base model bbbbbbbbbbbb, but nano is"),
            (adapter_skill(path=None), "tone is not an adapter"),
            (Skill(name="x", description="d", kind="guide"), "x is not an adapter"),
        ],
    )
    async def test_an_adapter_that_does_not_fit(
        self, skill: Skill, message: str, settings: Settings
    ) -> None:
        model, requests = served([], settings)
        with pytest.raises(AdapterError, match=message):
            await model.load_adapter(skill)
        assert requests == []

    async def test_a_server_that_loads_no_adapters(self, settings: Settings) -> None:
        model, _ = served([], settings, supports_adapters=False)
        with pytest.raises(AdapterError, match="the server of nano loads no adapters"):
            await model.load_adapter(adapter_skill())

    def test_one_handle_serves_several_loops(self, settings: Settings) -> None:
        model, _ = served([httpx.Response(200, json=COMPLETION)] * 2, settings)
        assert [asyncio.run(model.ask(PROMPT)).text for _ in range(2)] == ["SAY hi"] * 2


class TestLastWords:
    @pytest.mark.parametrize(
        ("log", "words"),
        [
            ("", "it said nothing"),
            ("loading\n  half way\n", "half way"),
            ("INFO fine\nValueError: no room\n  at line 3\n", "ValueError: no room"),
            ("(Core pid=1) ERROR 11-20 [x.py:1] bad\nbye", "ERROR 11-20 [x.py:1] bad"),
        ],
    )
    def test_the_line_that_says_why(self, log: str, words: str) -> None:
        assert last_words(log) == words


class TestRegistry:
    def record(self, settings: Settings, pid: int, **changes: object) -> Path:
        known = {
            "pid": pid,
            "url": "http://127.0.0.1:9/v1",
            "model": "/nano",
            "name": "nano",
            "profile": "nano",
            "base_hash": BASE,
            "started": time.time(),
            **changes,
        }
        file = settings.state_dir / "servers" / f"{pid}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(ServerRecord.model_validate(known).model_dump_json())
        return file

    async def test_only_a_server_that_answers_is_shared(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = ServerSpec(model="/nano", name="nano", profile="nano", base_hash=BASE)
        self.record(settings, os.getpid())
        assert await find_server(spec, settings) is None

        async def answers(url: str) -> bool:
            return True

        monkeypatch.setattr(registry, "_answers", answers)
        found = await find_server(spec, settings)
        assert found is not None
        assert found.pid == os.getpid()
        other = spec.model_copy(update={"base_hash": "b" * 64})
        assert await find_server(other, settings) is None

    async def test_dead_and_damaged_records(self, settings: Settings) -> None:
        dead = self.record(settings, 2**22 + 1)
        damaged = dead.with_name("0.json")
        damaged.write_text("{")
        spec = ServerSpec(model="/nano", name="nano", profile="nano", base_hash=BASE)
        assert await find_server(spec, settings) is None
        assert not dead.exists()
