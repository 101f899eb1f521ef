#!/usr/bin/env bash
# The checks of `make abi`.
exec "${MAKE:-make}" -s BUILD="${BUILD:-build}" abi
