"""What a user may bring as data, one file for each kind; `weighin.datasets.bringing` lists them."""
