"""The named places where a transaction looks into, or writes as, another tenant (design D4).

One module per crossing: a cycle, chat membership, the decision inputs of a pair, exact address,
sign-in, organisation membership. Each holds its own fixed SQL, returns plain values, and has a
test of what it can *not* see. Nobody else calls `Transaction.become` (a test holds that);
row-level security stays in force throughout, it only sees another tenant for the while.
"""
