"""Requests that come at the same moment don't meet inside moto, and none keeps the others waiting for long."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from moto.iam.models import IAMBackend

from async_lab.endpoint.state import LOCK, aside
from async_lab.testing.base import TRUST


def test_roles_made_at_the_same_moment_do_not_meet(async_lab, monkeypatch):
    inside, most = [], []
    create = IAMBackend.create_role

    def slowly(backend, *args, **options):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return create(backend, *args, **options)

    monkeypatch.setattr(IAMBackend, "create_role", slowly)
    clients = [async_lab.client("iam") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = [
            pool.submit(
                clients[number % 8].create_role, RoleName=f"r-{number}", AssumeRolePolicyDocument=json.dumps(TRUST)
            )
            for number in range(24)
        ]
        names = {each.result()["Role"]["RoleName"] for each in made}
    assert len(names) == 24
    assert max(most) == 1


def test_one_name_is_given_once_however_many_ask_for_it(async_lab):
    iam = async_lab.client("iam")

    def make(_number):
        try:
            iam.create_role(RoleName="one", AssumeRolePolicyDocument=json.dumps(TRUST))
        except iam.exceptions.EntityAlreadyExistsException:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(make, range(48))) == 1


def test_whoever_waits_lets_others_in_however_often_the_lock_is_held():
    def others_get_in():
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: LOCK.acquire(blocking=False) and (LOCK.release() or True)).result()

    with LOCK, LOCK:
        assert not others_get_in()
        with aside():
            assert others_get_in()
        assert not others_get_in()
    assert others_get_in()
    with aside():
        assert others_get_in()
