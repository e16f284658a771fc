import re

from emotion_tl.training.history import history_table


def test_history_table_marks_the_best_epoch():
    rows = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]
    assert history_table(rows, 2)["best"].tolist() == [False, True]
    assert history_table(rows, None)["best"].tolist() == [False, False]
    assert history_table([], None).empty
    assert re.match("epoch,loss,best", history_table(rows, 1).to_csv(index=False))
