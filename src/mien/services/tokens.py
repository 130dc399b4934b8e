"""Push tokens of the devices in a workspace: given, given up, and found again elsewhere.

A push service gives a token to one installation. The same token from another device means
that the installation got a new objectId, so the former device cannot be reached by it any
more. Which profile has an active token is kept beside the ids of people. Source: U-15, P-08.
"""

from collections.abc import Mapping

from mien.domain.changes import Change
from mien.domain.devices import Device, PushToken, TokenLoss
from mien.domain.identities import Identity, IdentityKind, token_identity
from mien.domain.ids import ProfileId
from mien.domain.preferences import is_opted_out
from mien.domain.profiles import Profile
from mien.domain.records import TOKEN_PLATFORMS, TokenRecord
from mien.domain.rejects import RejectCode, Rejected
from mien.services.pending import Pending
from mien.services.receipts import Applied, Batch


class Tokens:
    """Gives push tokens to the devices of profiles that a transaction has loaded."""

    def __init__(
        self,
        owners: dict[Identity, ProfileId],
        profiles: Mapping[ProfileId, Profile],
        pending: Pending,
    ) -> None:
        """Share the ids, the profiles and what is to be written with a workspace."""
        self._owners, self._profiles, self._pending = owners, profiles, pending

    def apply(self, record: TokenRecord, batch: Batch) -> Applied:
        """Apply a token record, or raise `Rejected` (530, 531, 534) and change nothing.

        The device is not seen by it: the record does not say when the device gave its token.
        """
        if record.gives_up and not batch.rules.takes_tokens_back and not batch.is_system:
            raise Rejected(RejectCode.TOKEN_DATA, "tokenData needs to be an object")
        profile, device = self._find(record)
        applied = Applied(record.position, profile.id, device=device.object_id)
        if batch.heeds_opt_out and is_opted_out(profile.document.properties):
            applied.is_opted_out = True
            return applied
        if record.gives_up:
            applied.is_changed = self._give_up(profile, device, batch)
        else:
            applied.is_changed = self._give(profile, device, record, batch)
        return applied

    def follow(self, device: Device, profile: Profile) -> None:
        """Let the token of a device go with it to another profile."""
        if (token := device.active_token) is not None:
            self._pending.move_identity(token_identity(token.id), profile.id)
            self._owners[token_identity(token.id)] = profile.id

    def release(self, device: Device, profile: Profile) -> None:
        """Let the token of a device find nobody any more."""
        if (token := device.active_token) is not None:
            self._pending.release_identity(token_identity(token.id), profile.id)
            self._owners.pop(token_identity(token.id), None)

    def _find(self, record: TokenRecord) -> tuple[Profile, Device]:
        owner = self._owners.get(record.device)
        profile = None if owner is None else self._profiles[owner]
        device = None if profile is None else profile.find_device(record.device.value)
        if profile is None or device is None:
            reason = f"objectId '{record.device.value}' is of no known device"
            raise Rejected(RejectCode.TOKEN_OBJECT_ID, reason)
        return profile, device

    def _give(self, profile: Profile, device: Device, record: TokenRecord, batch: Batch) -> bool:
        """Give a device its token; true if that changed anything."""
        platform = TOKEN_PLATFORMS[record.token_type]
        if device.platform not in (None, platform):
            reason = (
                f"A token of type {record.token_type} does not fit a device of {device.platform}"
            )
            raise Rejected(RejectCode.TOKEN_PLATFORM, reason)
        token = PushToken(record.token, record.token_type, record.keys)
        if device.token == token:
            return False
        origin = self._take_from_other(profile, device, token, batch)
        if device.active_token is not None and device.active_token.id != token.id:
            self.release(device, profile)
        self._hold(token, profile)
        profile.turn_to((record.device,))
        profile.change_device(device.key, token=token, platform=platform)
        change = Change(device=device.object_id, device_from=origin, token=token.id)
        self._pending.log_change(profile, change, batch)
        return True

    def _give_up(self, profile: Profile, device: Device, batch: Batch) -> bool:
        """Make the token of a device inactive; true if it was active."""
        if device.active_token is None:
            return False
        self.release(device, profile)
        self._lose(profile, device, TokenLoss.UNREGISTERED, batch)
        return True

    def _take_from_other(
        self, profile: Profile, device: Device, token: PushToken, batch: Batch
    ) -> int:
        """Make a token inactive on the device that had it so far; give its profile, if another."""
        owner = self._owners.get(token_identity(token.id))
        holder = None if owner is None else self._profiles[owner]
        other = None if holder is None else holder.find_token(token.id)
        if holder is None or other is None or other is device:
            return 0
        # The log names the very profiles, though they be part of others.
        origin, taker = (
            each.part_of(Identity(IdentityKind.OBJECT_ID, of.key))
            for each, of in ((holder, other), (profile, device))
        )
        if origin == taker:
            self._lose(holder, other, TokenLoss.MOVED, batch)
            return 0
        self._lose(holder, other, TokenLoss.MOVED, batch, taker=taker)
        return origin

    def _lose(
        self, profile: Profile, device: Device, reason: TokenLoss, batch: Batch, *, taker: int = 0
    ) -> None:
        assert device.token is not None  # noqa: S101 - it is an active one
        token = device.token.lost(reason, at=batch.received_at // 1_000)
        profile.turn_to((Identity(IdentityKind.OBJECT_ID, device.key),))
        profile.change_device(device.key, token=token)
        change = Change(
            device=device.object_id,
            device_to=taker,
            token_lost=token.id,
            token_loss=reason,
        )
        self._pending.log_change(profile, change, batch)

    def _hold(self, token: PushToken, profile: Profile) -> None:
        """Note which profile has a token now."""
        identity = token_identity(token.id)
        owner = self._owners.get(identity)
        if owner is None:
            self._pending.add_identity(identity, profile.id)
        elif owner != profile.id:
            self._pending.move_identity(identity, profile.id)
        self._owners[identity] = profile.id
