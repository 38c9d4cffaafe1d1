"""Which WebUI is around us is told by what it has; where Clip Skip Lab cannot work, one line says so and nothing else.

The script file is run as a WebUI runs it, in a process of its own, with folders that have the modules of some WebUI.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
RUN = """
import runpy, sys
names = runpy.run_path(sys.argv[1])
print("classes:", [name for name, value in names.items() if isinstance(value, type)])
"""
PROCESSING = """
def process_images_inner(): pass
def decode_latent_batch(): pass
def create_infotext(): pass
def images_tensor_to_samples(): pass
def program_version(): return "v9.9"
class StableDiffusionProcessing:
    def get_conds_with_caching(self): pass
    def cached_params(self): pass
"""
WHOLE = {
    "modules/processing.py": PROCESSING,
    "modules/prompt_parser.py": "SdConditioning = MulticondLearnedConditioning = None",
    "modules/sd_models.py": "checkpoint_aliases, model_data = {}, None",
    "modules/patches.py": "def patch(): pass",
    "modules/ui_components.py": "InputAccordion = None",
    "modules/scripts.py": "scripts_data = []",
    "modules/images.py": "def save_image(): pass\ndef save_image_with_geninfo(): pass",
    "modules/script_callbacks.py": "def image_saved_callback(): pass",
    "modules/sd_samplers.py": "sample_to_image = samples_to_image_grid = None",
    "modules/paths_internal.py": "script_path = '/opt/some-webui'",
    "modules/sd_hijack_clip.py": """
class FrozenCLIPEmbedderWithCustomWords:
    def encode_with_transformers(self): pass
""",
    "modules/shared.py": "class opts:\n    data_labels = {}",
}
"""The names that the family shares, and those of AUTOMATIC1111's text encoder; not the setting."""


def said_on(folder, files):
    """What the script file says, and defines, with these modules to be found."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for parent in [path.parent, *path.parent.parents]:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(REPO)])}
    command = [sys.executable, "-c", RUN, str(REPO / "scripts" / "clip_skip_lab.py")]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout.splitlines()[-1] == "classes: []"
    (line,) = [line for line in ran.stderr.splitlines() if "Clip Skip Lab" in line]
    return line


def test_without_a_webui_one_line_says_where_it_works(tmp_path):
    line = said_on(tmp_path, {"empty.py": ""})
    assert "AUTOMATIC1111 (v1.6 or newer), Forge, reForge or Forge Classic" in line


def test_sd_next_is_told_of_its_own_axis(tmp_path):
    line = said_on(tmp_path, {**WHOLE, "modules/shared_legacy.py": "CLIP_stop_at_last_layers = 1"})
    assert "[Param] CLiP-skip" in line


def test_a_webui_without_the_setting_is_named_with_what_it_lacks(tmp_path):
    line = said_on(tmp_path, WHOLE)
    assert "some-webui v9.9" in line
    assert "lacks the setting CLIP_stop_at_last_layers" in line
    assert "update the WebUI or Clip Skip Lab" in line


@pytest.mark.parametrize("name", ["get_conds_with_caching", "cached_params", "decode_latent_batch"])
def test_a_webui_that_calls_something_by_another_name_is_told_which(tmp_path, name):
    files = {**WHOLE, "modules/processing.py": PROCESSING.replace(name, f"new_{name}")}
    assert f".{name}" in said_on(tmp_path, files)


def test_a_fork_with_an_encoder_of_another_name_is_told_which(tmp_path):
    encoder = "class ClassicTextProcessingEngine:\n    def encode_anew(self): pass"
    files = {**WHOLE, "backend/text_processing/classic_engine.py": encoder, "modules_forge/main_entry.py": ""}
    line = said_on(tmp_path, files)
    assert "similar to Forge" in line
    assert "ClassicTextProcessingEngine.encode_with_transformers" in line


def test_a_webui_whose_module_fails_on_import_is_told_which(tmp_path):
    files = {**WHOLE, "modules/images.py": "import a_library_that_is_not_there"}
    assert "modules.images.save_image" in said_on(tmp_path, files)
