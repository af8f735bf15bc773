from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.config import ConfigError, load_settings


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "terminal.toml"
    path.write_text(text)
    return path


def test_defaults_need_no_file() -> None:
    assert load_settings(None).devices.printer.baud == 115200


@pytest.mark.parametrize("url", ["http://127.0.0.1:8300", "http://[::1]:8300", "http://localhost"])
def test_a_platform_on_this_machine_needs_no_certificate(tmp_path: Path, url: str) -> None:
    assert load_settings(write(tmp_path, f'[platform]\nurl = "{url}"\n')).platform.url == url


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, '[terminal]\nnumber = "07"\n')
    assert load_settings(path).terminal.number == "07"
    monkeypatch.setenv("BIANMIN_TERMINAL__NUMBER", "08")
    assert load_settings(path).terminal.number == "08"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[devices.printer]\nbaud = 1200\n", "devices.printer.baud: Input should be 9600, 19200"),
        ("[devices.printer]\nbaude = 9600\n", "devices.printer.baude: no such key"),
        ("[display]\npx_per_mm = 0\n", "display.px_per_mm: Input should be greater than 1"),
        ('[terminal]\ncode = "ÄÖ"\n', "terminal.code: String should match"),
        ('[platform]\nurl = "http://platform.example"\n', "platform: http is for this machine"),
        ('[platform]\nurl = "https://platform.example"\n', "platform: https needs ca"),
        ("[platform\n", ""),
    ],
)
def test_a_wrong_setting_is_one_line_with_file_key_and_what_is_allowed(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_settings(path)
    assert str(raised.value).startswith(str(path))
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_command_ends_with_2(tmp_path: Path) -> None:
    path = write(tmp_path, "[display]\nwidth = 1\n")
    for command in (["run"], ["agent"], ["devices", "list"]):
        result = CliRunner().invoke(app, [*command, "--config", str(path)])
        assert result.exit_code == 2
        assert "display.width" in result.output


def test_a_missing_file_is_told() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(Path("/nowhere/terminal.toml"))


def test_devices_are_listed(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["devices", "list"]).exit_code == 0
    assert CliRunner().invoke(app, ["catalogue", "check"]).exit_code == 0


def test_a_command_tells_what_it_was_given_wrongly(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert "no packages in" in run(app, ["catalogue", "check", "--folder", str(tmp_path)]).stderr
    state = run(app, ["faults", "--out", str(tmp_path), "--state", "asleep"])
    assert (state.exit_code, "idle, reading" in state.stderr) == (2, True)
    assert run(app, ["robot", "--out", str(tmp_path), "--language", "fr"]).exit_code == 2
