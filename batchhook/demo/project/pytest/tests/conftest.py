"""What several test modules need."""

from pathlib import Path

import pytest

from parcel.csvfile import read_orders

DATA = Path(__file__).parent / "data"


class FakeClock:
    """Stands still until the code under test sleeps."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(scope="session")
def orders():
    return read_orders(DATA / "orders.csv")
