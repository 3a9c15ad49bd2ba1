"""Names that a plainly pure model function may use: what they stand for reads nothing from outside.

Of Keras that is what builds models by its arguments and the seed alone. Layers that take a
vocabulary are missing, for it may be the name of a file; so is all that loads, downloads, imports
or sets something for the whole process.
"""

from __future__ import annotations


def _words(*texts: str) -> frozenset[str]:
    return frozenset(" ".join(texts).split())


LAYERS = """
Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization
Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose
Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose
Convolution2D Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D
Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D
GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
GlobalMaxPooling3D GroupNormalization HashedCrossing Hashing Identity Input InputLayer LSTM LSTMCell
Lambda LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPool1D
MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MultiHeadAttention
Multiply Normalization PReLU Permute RNN RandomBrightness RandomContrast RandomCrop RandomFlip
RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling
Reshape Resizing SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D
SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
SpectralNormalization StackedRNNCells Subtract ThresholdedReLU TimeDistributed UnitNormalization
UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
KERAS = """
Input Model Sequential activations applications constraints initializers layers models regularizers
"""
INITIALIZERS = """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros constant glorot_normal
glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones orthogonal
random_normal random_uniform truncated_normal variance_scaling zeros
"""
REGULARIZERS = "L1 L1L2 L2 OrthogonalRegularizer l1 l1_l2 l2 orthogonal_regularizer"
ACTIVATIONS = """
elu exponential gelu hard_sigmoid linear mish relu selu sigmoid softmax softplus softsign swish tanh
"""
CONSTRAINTS = """
MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm max_norm min_max_norm non_neg radial_constraint
unit_norm
"""
OF_MODELS = "add build get_layer input inputs name output outputs"  # and of their layers
OF_VALUES = """
append copy count dtype extend index insert items join lower pop reverse shape upper values
"""
ATTRIBUTES = _words(
    LAYERS, KERAS, INITIALIZERS, REGULARIZERS, ACTIVATIONS, CONSTRAINTS, OF_MODELS, OF_VALUES
)
SET = _words("trainable")  # what may be set of a layer or model

# Of values that outlive the call only what changes nothing: another call would find it changed.
READING = _words("count get index items join lower upper values")

# No sets, whose order differs from process to process.
BUILTINS = _words(
    """
    abs all any bool dict divmod enumerate float int isinstance len list map max min pow range
    reversed round slice sorted str sum tuple zip
    AssertionError KeyError NotImplementedError RuntimeError TypeError ValueError
    """
)

# Of keras.applications, whose weights are downloaded or read from a file unless it is told not to
APPLICATIONS = _words(
    """
    ConvNeXtBase ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge
    DenseNet121 DenseNet169 DenseNet201
    EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5
    EfficientNetB6 EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2
    EfficientNetV2B3 EfficientNetV2L EfficientNetV2M EfficientNetV2S InceptionResNetV2 InceptionV3
    MobileNet MobileNetV2 MobileNetV3Large MobileNetV3Small NASNetLarge NASNetMobile
    ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2
    ResNetRS50 ResNetRS101 ResNetRS152 ResNetRS200 ResNetRS270 ResNetRS350 ResNetRS420
    VGG16 VGG19 Xception
    """
)
