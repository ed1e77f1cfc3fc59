"""What trainings of one run have in common, and runs do not."""

from kansci.record import Curve
from kansci.way import Quieter, Watch, Way


def test_ways_share_no_programs():
    one, other = Way(), Way()
    one.known["shape"] = None
    assert other.known == {}


def test_of_a_tuning_everything_is_heard_but_its_curves():
    heard = []

    class Ear(Watch):
        def steps(self, count):
            heard.append(count)

        def note(self, text):
            heard.append(text)

        def curve(self, place, curve):
            heard.append(curve)

    quieter = Quieter(Ear())
    quieter.steps(3)
    quieter.curve(0, Curve(stage="a", evaluations=(1,), losses=((1.0,),)))
    quieter.note("not compiled")
    assert heard == [3, "not compiled"]
