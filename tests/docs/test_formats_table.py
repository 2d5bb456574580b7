"""The table of formats and commands in docs/spectra.md says what the readers do."""

from tests.docs import formats_table


def test_the_table_of_formats_is_what_the_readers_do():
    assert formats_table.written() == formats_table.table()
