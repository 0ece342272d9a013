"""YAML: one strict, bounded mapping whose every key has its line."""

import pytest
import yaml

from horses_scrapy.config import yaml_file, yaml_text
from horses_scrapy.errors import ConfigError


@pytest.fixture(params=[yaml_text.FAST, yaml.SafeLoader], autouse=True)
def _loader(request, monkeypatch):
    """A machine may have no libyaml."""
    monkeypatch.setattr(yaml_text, "FAST", request.param)


@pytest.fixture
def refusal(tmp_path):
    def _refusal(content):
        path = tmp_path / "x.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ConfigError) as caught:
            yaml_file.read(path)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return _refusal


def test_every_key_has_its_line(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("# c\na: 1\nb:\n  c: [x,\n    y]\n  d: {e: 1}\n", encoding="utf-8")
    found = yaml_file.read(path)
    assert found.data == {"a": 1, "b": {"c": ["x", "y"], "d": {"e": 1}}}
    assert found.lines == {
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", 0): 4,
        ("b", "c", 1): 5,
        ("b", "d"): 6,
        ("b", "d", "e"): 6,
    }
    assert found.where(("b", "d", "e")) == f"{path}:6"
    assert found.where(("b", "absent", "deep")) == f"{path}:3"
    assert found.where(("absent",)) == str(path)


@pytest.mark.parametrize("content", ["", "# only a comment\n", "---\n", "{}", "null"])
def test_an_empty_file_is_an_empty_mapping(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_text(content, encoding="utf-8")
    assert yaml_file.read(path).data == {}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: a is given twice (first on line 1)"),
        ("a:\n  b: 1\n  c: 1\n  b: 2\n", "x.yaml:4: a.b is given twice (first on line 2)"),
        (
            "a: 1\na: 2\nb: 1\nb: 2",
            "x.yaml:2: a is given twice (first on line 1)\nx.yaml:4: b is given twice (first on line 3)",
        ),
        ("a:\n\tb: 1\n", "x.yaml:2: not YAML: found character '\\t' that cannot start any token"),
        ("a: [1\n", "x.yaml:2: not YAML: expected ',' or ']'"),
        ("a: 1\n b: 2\n", "x.yaml:2: not YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: not YAML: but found another document"),
        ("- a\n- b\n", "x.yaml: a mapping of keys to values is expected at the top"),
        ("false", "x.yaml: a mapping of keys to values is expected at the top"),
        ("just text", "x.yaml: a mapping of keys to values is expected at the top"),
        (
            "a: 1\nb: !!python/object/apply:os.system ['true']\n",
            "x.yaml:2: anchors (&), aliases (*) and tags (!) are not used here",
        ),
        ("a: !!python/name:os.system\n", "x.yaml:1: anchors"),
        ("a: !!bool x\n", "x.yaml:1: anchors"),
        ("a: !custom x\n", "x.yaml:1: anchors"),
        ("a: &b 1\nc: *b\n", "x.yaml:1: anchors"),
        ("a: 1\nc: *b\n", "x.yaml:2: anchors"),
        ("a: &a [*a]\n", "x.yaml:1: anchors"),
        ("a: 2026-13-45\n", "x.yaml: not YAML: month must be in 1..12"),
        ("a: " + "9" * 5000, "x.yaml: not YAML: Exceeds the limit"),
        ("a: " + "[" * 20 + "]" * 20, "x.yaml:1: more than 20 levels deep"),
        ("a:\n" + " [\n" * 300_000, "x.yaml:21: more than 20 levels deep"),
        ("? [a]\n: 1\n", "x.yaml:1: not YAML: found unhashable key"),
        (b"a: \xff\n", "x.yaml: cannot be read: byte 3 is not UTF-8"),
        ("a: \x00\n", "x.yaml: not YAML: unacceptable character #x0000"),
        ("a: " + "x" * yaml_file.MAX_BYTES, "x.yaml: larger than 1000000 bytes"),
    ],
)
def test_a_file_that_is_not_one_plain_mapping_is_refused_by_line(refusal, content, says):
    assert refusal(content).startswith(says)


def test_the_size_limit_is_in_bytes_and_inclusive(tmp_path, monkeypatch):
    monkeypatch.setattr(yaml_file, "MAX_BYTES", 20)
    path = tmp_path / "x.yaml"
    path.write_text("a: 1 # éééééé3", encoding="utf-8")
    assert yaml_file.read(path).data == {"a": 1}
    path.write_text("a: 1 # éééééé34", encoding="utf-8")
    with pytest.raises(ConfigError, match="larger than 20 bytes"):
        yaml_file.read(path)


def test_twenty_levels_are_allowed(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: " + "[" * 19 + "]" * 19, encoding="utf-8")
    assert str(yaml_file.read(path).data["a"]) == "[" * 19 + "]" * 19


def test_an_alias_bomb_is_refused_before_it_is_built(refusal, monkeypatch):
    def never(*_args, **_options):
        pytest.fail("the bomb was built")

    monkeypatch.setattr(yaml_text, "_built", never)
    rows = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert refusal("k0: &k0 lol\n" + rows).startswith("x.yaml:1: anchors")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(
        ConfigError, match=rf"{tmp_path}/no.yaml: there is no such file; name config.yaml with --config"
    ):
        yaml_file.read(tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match=f"{tmp_path}: cannot be read: Is a directory"):
        yaml_file.read(tmp_path)


def test_a_syntax_error_does_not_quote_the_line(refusal):
    assert "planted" not in refusal('password: "planted\n')
    assert "planted" not in refusal("password: planted: planted\n")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("prot", ["port", "host"], "; did you mean port?"),
        ("near_post_treshold", ["near_post_threshold", "near_post_interval"], "; did you mean near_post_threshold?"),
        ("zzz", ["port", "host"], "; known: host, port"),
    ],
)
def test_the_nearest_known_name_is_offered(name, known, hint):
    assert yaml_file.nearest(name, known) == hint
