"""What takes too long for `make test`: run by `make prove`, which leaves a report in evidence/ for each."""
