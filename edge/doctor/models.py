"""The bundle, the engine that would run it, and speech-to-text."""

from __future__ import annotations

import time

from edge.asr import open_asr
from edge.asr.vosk_models import installed_model
from edge.bundle.networks import Networks
from edge.config import Config
from edge.doctor.chosen import bundle_if_whole, chosen_bundle
from edge.doctor.finding import Finding
from edge.engines.choice import choose
from edge.recording.session import bundle_digest


def check_bundle(config: Config) -> Finding:
    """Its files, and its golden answers on the engine that a run would take."""
    bundle = chosen_bundle(config)
    notes: list[str] = []
    begun_s = time.monotonic()
    networks = Networks(bundle, config.engine.name, config.engine.options, notes.append, False)
    try:
        took_s = time.monotonic() - begun_s
        facts = {
            "bundle": bundle_digest(bundle)[:12],
            "schema": bundle.manifest.schema_version,
            "labels": len(bundle.manifest.labels),
            "engine": networks.engine,
            "device": networks.device,
            "load_s": round(took_s, 2),
        }
        told = (
            f"{bundle.manifest.name}, {len(bundle.manifest.labels)} labels: its golden answers"
            f" hold on {networks.device}."
        )
        return Finding("bundle", "ok", told, " ".join(notes), facts)
    finally:
        networks.close()


def check_engine(config: Config) -> Finding:
    """What `--engine auto` would take, and why not a quicker one."""
    choice = choose(chosen_bundle(config).graphs.values(), config.engine.options)
    facts = {"can_serve": list(choice.names), "refused": sorted(choice.refused)}
    told = f"--engine auto would take {choice.names[0]}." if choice.names else "None can serve."
    why = "; ".join(f"not {name}: {reason}" for name, reason in choice.refused.items())
    return Finding("engine", "ok" if choice.names else "wrong", told, why, facts)


def check_speech_to_text(config: Config) -> Finding:
    """Which recogniser a run would take, loaded."""
    asr = config.asr
    if asr.engine == "none":
        return Finding("speech-to-text", "note", "It is off, so there is no text.")
    bundle = bundle_if_whole(config)
    if bundle is not None and "text" not in bundle.manifest.names:
        said = "The bundle has no network for text, so a run recognises no speech."
        return Finding("speech-to-text", "note", said)
    begun_s = time.monotonic()
    opened = open_asr(asr.engine, asr.model, False, asr.limit_s, asr.load_limit_s)
    assert opened is not None
    opened.finish()
    took_s = time.monotonic() - begun_s
    name = type(opened).__name__.lower()
    facts = {"engine": name, "load_s": round(took_s, 2)}
    told = f"{name}, loaded in {took_s:.1f} s."
    if name == "pocketsphinx" and installed_model() is None:
        advice = "A Vosk model understands more: --asr-model vosk-model-small-en-us-0.15."
        return Finding("speech-to-text", "note", told, advice, facts)
    return Finding("speech-to-text", "ok", told, facts=facts)
