"""The clean-up after a severed relation: a plan in the resource tenant of the accounts that sync left there.

Nothing is deleted when a partner is removed, an organisation is left, or inbound sync is switched off (provisioning
§1.5, §8); what stays is nobody's any more. The clean-up names it, with what hangs on it, deletes it when the plan is
applied, and takes that back.
"""
