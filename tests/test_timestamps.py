from async_lab import timestamps

AT = 1_674_129_600.1239


def test_a_moment_is_written_as_each_service_writes_it():
    assert timestamps.iso(AT) == "2023-01-19T12:00:00.123Z"
    assert timestamps.iso_with_offset(AT) == "2023-01-19T12:00:00.123+0000"
    assert timestamps.iso_to_the_second(AT) == "2023-01-19T12:00:00+0000"


def test_a_whole_second_keeps_its_milliseconds():
    assert timestamps.iso(0) == "1970-01-01T00:00:00.000Z"
