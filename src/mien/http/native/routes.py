"""The routes of `/v1`, for the application."""

from litestar import Router

from mien.http.native.addresses import (
    change_subscriptions,
    get_address,
    list_subscriptions,
    make_email_link,
    release_address,
)
from mien.http.native.analytics import get_analytics
from mien.http.native.batch import upload_batch
from mien.http.native.calls import only_callers, only_known_parameters
from mien.http.native.counts import count_segment, list_members, sample_members
from mien.http.native.definitions import (
    change_event,
    change_event_property,
    change_property,
    list_events,
    list_properties,
)
from mien.http.native.download import download_profile
from mien.http.native.environment import (
    change_environment_settings,
    get_environment,
    get_environment_settings,
)
from mien.http.native.erasures import (
    cancel_erasure,
    erase_profiles,
    get_erasure,
    list_erasures,
)
from mien.http.native.explain import explain_segment
from mien.http.native.exports import (
    delete_export,
    download_export,
    get_export,
    list_exports,
    start_export,
)
from mien.http.native.fields import list_fields
from mien.http.native.latest import get_latest_values
from mien.http.native.marking import (
    disable_profile,
    enable_profile,
    mark_test_profile,
    unmark_test_profile,
)
from mien.http.native.merges import (
    dismiss_suggestion,
    list_merges,
    list_suggestions,
    merge_profiles,
    undo_merge,
)
from mien.http.native.profile import (
    erase_profile,
    get_history,
    get_profile,
    get_profile_events,
)
from mien.http.native.rejects import download_rejects, list_rejects, replay_rejects
from mien.http.native.segments import (
    change_segment,
    create_segment,
    delete_segment,
    get_segment,
    list_segment_sizes,
    list_segments,
)
from mien.http.native.user_tokens import (
    list_signing_keys,
    make_profile_token,
    make_signing_key,
    revoke_signing_key,
)

NATIVE_HANDLERS = [
    Router(
        "/v1",
        route_handlers=[
            upload_batch,
            get_profile,
            erase_profile,
            get_history,
            get_profile_events,
            get_latest_values,
            mark_test_profile,
            unmark_test_profile,
            disable_profile,
            enable_profile,
            download_profile,
            list_properties,
            change_property,
            list_events,
            change_event,
            change_event_property,
            erase_profiles,
            list_erasures,
            get_erasure,
            cancel_erasure,
            list_fields,
            start_export,
            list_exports,
            get_export,
            download_export,
            delete_export,
            list_rejects,
            download_rejects,
            replay_rejects,
            get_address,
            release_address,
            list_subscriptions,
            change_subscriptions,
            make_email_link,
            merge_profiles,
            undo_merge,
            list_merges,
            list_suggestions,
            dismiss_suggestion,
            get_environment,
            get_environment_settings,
            change_environment_settings,
            create_segment,
            list_segments,
            get_segment,
            list_segment_sizes,
            change_segment,
            delete_segment,
            explain_segment,
            count_segment,
            list_members,
            sample_members,
            get_analytics,
            make_profile_token,
            list_signing_keys,
            make_signing_key,
            revoke_signing_key,
        ],
        guards=[only_callers, only_known_parameters],
    )
]
