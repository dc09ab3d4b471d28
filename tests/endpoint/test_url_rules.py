import threading

from werkzeug.routing import Map, Rule

from async_lab.endpoint.http import dispatch


def test_rules_are_compiled_on_many_threads_at_once(interrupted_often):
    dispatch.install()
    failures = []

    def make():
        try:
            for _ in range(10):
                Map([Rule(f"/functions/<name>/part-{number}/<qualifier>") for number in range(20)])
        except SystemError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
