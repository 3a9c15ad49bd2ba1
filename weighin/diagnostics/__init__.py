"""Why a row is as it is: facts of it, and rules that speak of them."""
