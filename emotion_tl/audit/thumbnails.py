"""Small grey images by which images are compared."""

import cv2
import numpy as np

from emotion_tl.audit.images import AuditedImages

# Smaller ones let different people look alike, larger ones miss a photograph that was cut a pixel or two aside.
THUMBNAIL_SIZE = 24


def make_thumbnails(images: AuditedImages, numbers: np.ndarray) -> np.ndarray:
    """Returns small grey images: float32 (n, THUMBNAIL_SIZE, THUMBNAIL_SIZE)."""
    thumbnails = np.empty((len(numbers), THUMBNAIL_SIZE, THUMBNAIL_SIZE), dtype=np.float32)
    position = 0
    for batch_numbers, batch in images.batches():
        for image in batch[np.isin(batch_numbers, numbers)]:
            grey = image[..., 0] if image.shape[-1] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            size = (THUMBNAIL_SIZE, THUMBNAIL_SIZE)
            thumbnails[position] = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            position += 1
    return thumbnails
