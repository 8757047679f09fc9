from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from viz.apps.state import State, parse, query

names = st.from_regex(r"[a-z][a-z_0-9.]{0,12}", fullmatch=True)
values = st.text(max_size=20)
words = st.from_regex(r"[A-Za-z_][\w\-]{0,12}", fullmatch=True).filter(str.isascii)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly
@given(words, words, words, st.dictionaries(names, values), st.dictionaries(names, values))
def test_an_address_brings_its_state_back(store, variable, view, at, cell):
    state = State(store, variable, view, {"x": "w", "scale": "log"}, at, cell)
    back, told = parse(query(state))
    assert back == state
    assert not told


@given(st.text(max_size=300))
def test_any_address_is_a_state(text):
    state, _ = parse(text)
    assert isinstance(state, State)


def test_what_cannot_be_meant_is_said():
    state, told = parse("?store=<img src=x>&x=w&view=map")
    assert state == State(view="map", options={"x": "w"})
    assert "store" in told[0]
    assert parse("?" + "a=b&" * 5000)[1] == [
        "the address is too long to be one of ours; showing the defaults"
    ]
