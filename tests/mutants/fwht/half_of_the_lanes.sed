# file: fwht.cl fwht.comp
# A stage leaves out its last butterfly: the work items step too far.
s/tq_fwht(mine, lane, LANES)/tq_fwht(mine, lane, LANES + 1)/
s/TQ_FWHT(x, mine, lane, lanes)/TQ_FWHT(x, mine, lane, (lanes + 1u))/
