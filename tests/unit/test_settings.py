"""Precedence over all levels, conversions, and what the settings cost."""

from __future__ import annotations

import pwd
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonrun.arguments import parse
from carbonrun.errors import ConfigError
from carbonrun.settings import Settings, resolve
from tests.unit.settings_place import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_defaults(place: Place) -> None:
    settings = place.resolve()
    state = f"{place.home}/.local/state/carbonrun"
    assert settings.replace(origins={}) == Settings(
        csv_path=f"{state}/runs.csv",
        csv_explicit=False,
        json_path=None,
        top=0,
        flame_path=None,
        metrics_path=None,
        junit_path=None,
        ci="auto",
        summary="full",
        live=False,
        name=None,
        project=None,
        tags={},
        scope="tree",
        zone=None,
        zone_source=None,
        intensity_g_per_kwh=None,
        provider="bundled",
        intensity_url=None,
        keys={},
        offline=False,
        geoip=False,
        geoip_url=None,
        max_delay_seconds=None,
        start_by=None,
        deadline=None,
        expected_seconds=None,
        min_saving_percent=5.0,
        plan_with=None,
        hand_over=None,
        dry_run=False,
        delay=True,
        max_energy_joules=None,
        max_grams_co2e=None,
        on_exceed="warn",
        interval_seconds=1.0,
        cgroup=False,
        wait_tree=False,
        board=False,
        redfish_url=None,
        idle_watts={},
        estimate_disk_network=False,
        cloud_metadata=False,
        pue=1.0,
        pue_of_region=False,
        embodied=False,
        embodied_kg=None,
        embodied_years=4.0,
        units={},
        price=None,
        water=False,
        wue_litres_per_kwh=None,
        ewif_litres_per_kwh=None,
        equivalences=False,
        mask=(),
        sysfs="/sys",
        procfs="/proc",
        state_dir=state,
        profile=None,
        config_files=(),
        origins={},
    )
    assert set(settings.origins.values()) == {"default"}


def test_precedence_over_all_levels(place: Place) -> None:
    """Each level sets one key less than the one below it, so each wins exactly once."""
    user = dict.fromkeys(["zone", "name", "project"], "user")
    place.user_file.write_text("".join(f'{k} = "{v}"\n' for k, v in user.items()) + "pue = 1.1\n")
    place.project_file.write_text('zone = "file"\nname = "file"\nproject = "file"\n')
    environment = {"CARBONRUN_ZONE": "variable", "CARBONRUN_NAME": "variable"}
    settings = place.resolve("--zone flag", environment)
    assert (settings.zone, settings.zone_source) == ("flag", "--zone")
    assert (settings.name, settings.origins["name"]) == ("variable", "CARBONRUN_NAME")
    file = f"config file {place.project_file}"
    assert (settings.project, settings.origins["project"]) == ("file", file)
    assert (settings.pue, settings.origins["pue"]) == (1.1, f"config file {place.user_file}")
    assert (settings.scope, settings.origins["scope"]) == ("tree", "default")
    assert settings.config_files == (str(place.user_file), str(place.project_file))


def test_zone_source_is_a_variable_or_a_file(place: Place) -> None:
    place.project_file.write_text('zone = "FR"')
    assert place.resolve().zone_source == f"config file {place.project_file}"
    assert place.resolve("", {"CARBONRUN_ZONE": "DE"}).zone_source == "CARBONRUN_ZONE"


def test_profiles_of_each_file_come_over_its_own_keys(place: Place) -> None:
    place.user_file.write_text(
        'zone = "a"\nname = "a"\nproject = "a"\n[profiles.ci]\nname = "b"\nproject = "b"\n'
    )
    place.project_file.write_text('project = "c"\n[profiles.ci]\n[profiles.other]\nscope="machine"')
    settings = place.resolve("--profile ci")
    assert (settings.zone, settings.name, settings.project) == ("a", "b", "c")
    assert settings.scope == "tree"
    assert place.resolve("", {"CARBONRUN_PROFILE": "other"}).scope == "machine"
    place.project_file.write_text('profile = "ci"\n')
    assert place.resolve().name == "b"
    assert place.resolve().origins["profile"] == f"config file {place.project_file}"


def test_state_directory(place: Place) -> None:
    assert place.resolve("", {"XDG_STATE_HOME": "/x"}).state_dir == "/x/carbonrun"
    relative = place.resolve("", {"XDG_STATE_HOME": "x"})
    assert relative.state_dir == f"{place.home}/.local/state/carbonrun"
    assert place.resolve("--state-dir s").csv_path == "s/runs.csv"
    assert place.resolve("", {"CARBONRUN_STATE_DIR": "/s"}).state_dir == "/s"
    nobody = place.resolve(home=None, uid=4_000_000)
    assert (nobody.state_dir, nobody.csv_path) == (None, None)
    assert place.resolve("--csv c", home=None, uid=4_000_000).csv_path == "c"
    root = pwd.getpwuid(0).pw_dir
    assert place.resolve(home="", uid=0).state_dir == f"{root}/.local/state/carbonrun"


def test_paths_in_files_start_at_the_file(place: Place) -> None:
    place.project_file.write_text('csv = "e.csv"\njson = "-"\nstate-dir = "~/s"\nsysfs = "/y"')
    settings = place.resolve()
    assert settings.csv_path == f"{place.project}/e.csv"
    assert (settings.json_path, settings.sysfs) == ("-", "/y")
    assert settings.state_dir == f"{place.home}/s"


def test_outputs_can_be_switched_off_at_each_level(place: Place) -> None:
    place.project_file.write_text('csv = "e.csv"\njson = "r.json"')
    assert place.resolve().csv_explicit
    off = place.resolve("--no-csv --json none")
    assert (off.csv_path, off.csv_explicit, off.json_path) == (None, False, None)
    assert place.resolve("", {"CARBONRUN_CSV": "none"}).csv_path is None
    assert place.resolve("", {"CARBONRUN_CSV": ""}).csv_path == f"{place.project}/e.csv"
    assert place.resolve("--no-csv --csv x").csv_path == "x"
    place.project_file.write_text('csv = "none"')
    assert place.resolve().csv_path is None
    assert place.resolve("--csv x", {"CARBONRUN_CSV": "none"}).csv_explicit


def test_the_last_of_several_flags_counts(place: Place) -> None:
    assert place.resolve("-q --summary line").summary == "line"
    assert place.resolve("--summary line -q").summary == "none"
    assert not place.resolve("--offline --no-offline").offline


def test_flags_can_undo_files(place: Place) -> None:
    place.project_file.write_text("offline = true\ncgroup = true\nwait-tree = true")
    settings = place.resolve("--no-offline --no-wait-tree", {"CARBONRUN_CGROUP": "off"})
    assert (settings.offline, settings.wait_tree, settings.cgroup) == (False, False, False)


def test_collected_options_add_up(place: Place) -> None:
    place.user_file.write_text(
        'tag = { team = "a", year = 2026 }\nidle-watts = { dram = 3 }\nmask = ["x+"]'
    )
    place.project_file.write_text('[tag]\nteam = "b"\n[idle-watts]\npackage = 12.5')
    environment = {
        "CARBONRUN_TAG": "k=v,e=",
        "CARBONRUN_IDLE_WATTS": "dram=4",
        "CARBONRUN_MASK": "y\nz",
    }
    settings = place.resolve("--tag k=w --tag c=a=b --mask x+", environment)
    assert settings.tags == {"team": "b", "year": "2026", "k": "w", "e": "", "c": "a=b"}
    assert settings.idle_watts == {"dram": 4.0, "package": 12.5}
    assert settings.mask == ("x+", "y", "z")
    origins = settings.origins["tag"].split(", ")
    assert origins == [
        f"config file {place.user_file}", f"config file {place.project_file}", "CARBONRUN_TAG",
        "--tag",
    ]  # fmt: skip


def test_settings_do_not_share_what_can_change(place: Place) -> None:
    first, second = place.resolve(), place.resolve()
    first.tags["x"] = "y"
    assert second.tags == {}


@given(st.dictionaries(st.sampled_from(["CARBONRUN_PUE", "CARBONRUN_INTERVAL"]), st.text()))
def test_any_number_is_in_range_or_refused(environment: dict[str, str]) -> None:
    try:
        settings = resolve({}, environment, cwd=None, home="/nowhere")
    except ConfigError:
        return  # anything else than this is a failure
    assert 1 <= settings.pue <= 100
    assert 0.01 <= settings.interval_seconds <= 60


def test_resolving_costs_less_than_half_a_millisecond(place: Place) -> None:
    environment = {f"UNRELATED_{n}": "x" for n in range(50)}
    words = ["--summary", "line", "--zone", "FR", "--tag", "a=b", "--", "make"]

    def once() -> float:
        start = time.perf_counter()
        resolve(parse(words).flags, environment, cwd=str(place.cwd), home=str(place.home))
        return time.perf_counter() - start

    assert min(once() for _ in range(50)) < 0.0005
