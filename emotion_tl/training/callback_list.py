"""Calls the callbacks of a phase without making the device wait for them."""

import keras


class UnfetchedLogs(keras.callbacks.CallbackList):
    """Hands the numbers of a batch on as they are: on the device, where they may still be under computation.

    Keras fetches all of them after each batch, so that the next step is not started before this one has ended. A
    callback that wants one of them fetches it, best some batches later.
    """

    def on_train_batch_end(self, batch, logs=None):
        self.newest_logs = logs
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)

    def on_test_begin(self, logs=None):
        # Waits for the last step, which whoever measures the seconds of the training counts in.
        float(self.newest_logs["loss"])
        super().on_test_begin(logs)

    def on_test_batch_end(self, batch, logs=None):
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)
