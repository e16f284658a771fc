"""From raw uint8 images to what a backbone expects, made of built-in layers so that a saved model loads anywhere."""

import keras

from emotion_tl.models.specifications import BackboneSpecification

# Mean blue, green and red of the ImageNet training images in 0..255, as the weights of VGG and ResNet50 were trained
# with (keras.applications.imagenet_utils, mode "caffe").
IMAGENET_MEANS_BGR = (103.939, 116.779, 123.68)


def to_float(images: keras.KerasTensor) -> keras.KerasTensor:
    """Returns uint8 images as float32 in 0..255.

    Preprocessing stays float32 under mixed precision too: bfloat16 cannot tell neighbouring grey levels apart.
    """
    return keras.layers.Rescaling(1.0, dtype="float32", name="to_float")(images)


def to_backbone_input(
    images: keras.KerasTensor, specification: BackboneSpecification, image_size: int
) -> keras.KerasTensor:
    """Resizes float32 images in 0..255, makes grey ones RGB where the backbone needs it, and scales them for it.

    Args:
        images: float32 (batch, height, width, 1 or 3), RGB order, 0..255.
        image_size: side in pixels of the result.

    Returns:
        float32 (batch, image_size, image_size, channels) in the range and channel order of the backbone's weights.
    """
    if images.shape[1:3] != (image_size, image_size):
        resize = keras.layers.Resizing(image_size, image_size, dtype="float32", name="resize")
        # Without it the layer puts itself, and all layers after it, in training when the network is called directly.
        images = resize(images, training=False)
    if specification.channels == 3 and images.shape[-1] == 1:
        images = keras.layers.Concatenate(dtype="float32", name="grey_to_rgb")([images, images, images])
    if specification.preprocessing == "caffe":
        blue_green_red = keras.ops.flip(images, axis=-1)
        offset = [-mean for mean in IMAGENET_MEANS_BGR]
        return keras.layers.Rescaling(1.0, offset=offset, dtype="float32", name="preprocess")(blue_green_red)
    if specification.preprocessing == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="preprocess")(images)
    return keras.layers.Rescaling(1 / 255, dtype="float32", name="preprocess")(images)
