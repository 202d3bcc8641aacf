"""Code -> title, what is wrong, and what to do next; as pages and API say it."""

WORDS: dict[str, tuple[str, str, str]] = {
    # connecting TMDb
    "missing_api_key": (
        "No API key",
        "There is no TMDb API key yet.",
        "Enter your TMDb API key (v3); TMDb shows it under Settings, API.",
    ),
    "not_a_v3_key": (
        "Not a v3 key",
        "What was pasted {what}; a TMDb API key (v3) has 32, digits and letters from a to f.",
        "Copy the value named “API Key” from TMDb's Settings, API page.",
    ),
    "invalid_api_key": (
        "Key not accepted",
        "TMDb does not accept this API key.",
        "Copy it once more from TMDb's Settings, API page, and click Connect.",
    ),
    "suspended_api_key": (
        "Key suspended",
        "TMDb has suspended this API key.",
        "Ask TMDb about it, or use another key.",
    ),
    "no_pending_request": ("Nothing to verify", "No approval was asked for.", "Click Connect first."),
    "pending_approval": (
        "Pending approval",
        "Pending approval: TMDb is waiting for your yes.",
        "Approve the request in the TMDb tab, then click Verify.",
    ),
    "approval_expired": (
        "Approval expired",
        "The request was not approved within 60 minutes.",
        "Start again with Connect.",
    ),
    "approval_denied": (
        "Approval denied",
        "The request was denied at TMDb, so nothing was connected.",
        "Click Connect if you want to try again.",
    ),
    "approval_unknown": (
        "Unknown approval link",
        "This approval link is not known here: it was used already, or another Connect was started since.",
        "Go back to CrossWatch and look at Settings, TMDb (Sync).",
    ),
    "approval_unfinished": (
        "Not finished yet",
        "TMDb sent you back, but the connection could not be finished at this moment.",
        "Go back to CrossWatch and click Verify there; it says what is in the way.",
    ),
    "no_session_id": (
        "No session id",
        "TMDb did not return a session id.",
        "Restart with Connect and approve again.",
    ),
    "session_ended": (
        "Connection ended",
        "TMDb no longer accepts this connection; it was probably revoked there.",
        "Connect again.",
    ),
    "unreachable": (
        "TMDb cannot be reached",
        "This server must reach {url}, and could not: {reason}.",
        "Check this machine's internet connection, DNS and proxy, then try again.",
    ),
    "blocked": (
        "Something answers in TMDb's place",
        "Something between this server and {url} answers in TMDb's place: {reason}.",
        "Some providers block TMDb: try the address https://api.tmdb.org/3 (tmdb.api_url) or a proxy (tmdb.proxy).",
    ),
    "rate_limited": (
        "Asked to wait",
        "TMDb asks to wait {seconds} seconds before the next try.",
        "Try again after that; nothing was lost.",
    ),
    "rate_limited_unsaid": (
        "Asked to wait",
        "TMDb asks to wait before the next try, and does not say how long.",
        "Try again in some minutes; nothing was lost.",
    ),
    "title_gone": (
        "Title gone",
        "TMDb no longer has this title.",
        "Nothing was changed; CrossWatch leaves it as it is.",
    ),
    "title_refused": (
        "Title refused",
        "TMDb did not accept this title: HTTP {status}, code {number}: {message}",
        "Nothing was changed for it; the others went on.",
    ),
    "tmdb_error": (
        "TMDb answered with an error",
        "TMDb answered with HTTP {status}, code {number}: {message}",
        "Try again later; if it stays, tell us these numbers.",
    ),
    # asking for something that cannot be
    "invalid_request": (
        "Cannot be read",
        "The request cannot be used: {reason}.",
        "Mend it and send it again.",
    ),
    "nothing_chosen": ("Nothing chosen", "No title is ticked.", "Tick at least one, or answer all of them."),
    "not_found": (
        "Not found",
        "There is no {what} here.",
        "Check the address, or go back to the start page.",
    ),
    "method_not_allowed": (
        "Not possible here",
        "{method} is not possible at this address.",
        "See /api/docs.",
    ),
    "too_large": ("Too large", "The request is larger than {limit}.", "Send less at once."),
    "unknown_instance": (
        "Unknown account",
        "There is no account called “{instance}” here, or the name cannot be one.",
        "Names have 1 to 32 letters, digits, _ or -; an account appears with its first successful connect.",
    ),
    "unknown_provider": (
        "Unknown service",
        "CrossWatch does not know a service called “{provider}”.",
        "It knows: {known}.",
    ),
    "not_connected": (
        "Not connected",
        "{label} is not connected.",
        "Connect it in Settings.",
    ),
    "in_use": (
        "In use",
        "{account} is used by the pair “{pair}”.",
        "Delete the pair first, or disconnect without forgetting.",
    ),
    "same_account": (
        "One account twice",
        "Both sides of the pair are the same account ({account}).",
        "Choose two different accounts.",
    ),
    "same_account_twice": (
        "One account twice",
        "{account} and {other} are the same account ({person}).",
        "Choose two different accounts.",
    ),
    "read_only_side": (
        "Can only be read",
        "{label} can only be read, so {feature} cannot be sent there.",
        "Make a one-way pair that takes its {feature} from there.",
    ),
    "cannot_remove": (
        "Cannot remove",
        "{label} does not let anybody remove {feature}.",
        "Leave removing switched off for {feature}.",
    ),
    "sides_fixed": (
        "Sides are fixed",
        "The two accounts of a pair cannot be changed.",
        "Make a new pair and delete this one.",
    ),
    "mode_fixed": (
        "Direction is fixed",
        "The direction of a pair cannot be changed: what both sides agreed on counts for this direction only.",
        "Delete the pair and make a new one; both accounts keep their titles, and its first run removes nothing.",
    ),
    "pair_cycle": (
        "Pairs would form a ring",
        "With this pair, {feature} would go round in a ring: {cycle}.",
        "Leave out one pair of the ring.",
    ),
    "pair_cycle_opposite": (
        "Pairs would form a ring",
        "The pair “{opposite}” already sends {feature} the other way, so they would go round in a ring: {cycle}.",
        "For both directions, delete that pair and make one pair that goes both ways.",
    ),
    "name_taken": ("Name taken", "There is already a pair called “{name}”.", "Choose another name."),
    "pair_exists": (
        "Pair exists",
        "The pair “{name}” already joins these two accounts.",
        "Use that one, or delete it first.",
    ),
    "account_changed": (
        "Another account",
        "The connection {account} is now {now}; the pair was set up with {then}.",
        "Connect {then} again, or start afresh with {now} in the inbox: the next run then removes nothing.",
    ),
    "already_running": (
        "Already running",
        "This pair is running at this moment.",
        "Wait for it, or stop it first.",
    ),
    "busy": (
        "Account in use",
        "{account} is being synced by {holder} at this moment.",
        "Try again when that run has ended.",
    ),
    "not_yet": (
        "Not built yet",
        "CrossWatch cannot do this yet: {what}.",
        "Nothing was changed; a later version will.",
    ),
    "pair_disabled": ("Switched off", "The pair “{name}” is switched off.", "Switch it on to sync it."),
    "nothing_to_sync": (
        "Nothing is switched on",
        "Neither watchlist nor ratings are switched on in the pair “{name}”.",
        "Switch on at least one of them.",
    ),
    "no_pairs": (
        "No pairs yet",
        "There is no pair to sync.",
        "Make one first.",
    ),
    "cancelled": (
        "Stopped",
        "The run was stopped by you.",
        "What was done stays done; the next run does the rest.",
    ),
    "interrupted": (
        "Interrupted",
        "The program ended in the middle of this run.",
        "Nothing is lost: the next run does the rest.",
    ),
    "connection_replaced": (
        "Connection changed meanwhile",
        "The connection {account} was made anew or taken away while the run was going on.",
        "Start the run again.",
    ),
    "no_answers": (
        "No answers",
        "{count} writes in a row were not answered by {label}, so the run stopped.",
        "Nothing is lost: what may have arrived is looked up, and the next run does the rest.",
    ),
    "lease_lost": (
        "Run was overtaken",
        "Another process took over {account} while this run stood still.",
        "Start the run again.",
    ),
    "grid_wrong": (
        "Ratings come back changed",
        "{label} keeps ratings in steps that CrossWatch does not expect: {count} that were sent came back changed.",
        "Nothing was written, and nothing was lost. Please tell us: CrossWatch must learn these steps first.",
    ),
    "incomplete_source": (
        "List not complete",
        "{account} did not give its {feature} completely: {reason}.",
        "What was read was used, and nothing was taken away; the next run tries again.",
    ),
    # who may call
    "forbidden_host": (
        "Address not allowed",
        "This server does not answer for the address “{host}”.",
        "Open it by http://127.0.0.1:{port}, or set CROSSWATCH_PUBLIC_URL to the address that you use.",
    ),
    "forbidden_origin": (
        "Call from another site",
        "The call came from another site's page and was refused.",
        "Open CrossWatch itself and do it there.",
    ),
    "setup_required": (
        "Set a password first",
        "This server can be reached from other machines and has no password yet, so it refuses everything.",
        "Open {setup} and enter the code that is printed in the log, or listen on 127.0.0.1 only.",
    ),
    "sign_in_required": ("Sign in", "This needs you to be signed in.", "Sign in and try again."),
    "wrong_password": ("Wrong password", "The password is not right.", "Try again."),
    "wrong_code": (
        "Wrong code",
        "The code is not the one in the log.",
        "Look for the line “set-up code” in the log of this server.",
    ),
    "weak_password": ("Too short", "A password needs at least {least} characters.", "Choose a longer one."),
    "passwords_differ": ("Not the same", "The two passwords are not the same.", "Type both again."),
    "too_many_tries": ("Too many tries", "There were too many wrong tries.", "Wait {seconds} seconds."),
    "already_set_up": ("Already set up", "There is a password already.", "Sign in with it."),
    # the house itself
    "bad_setting": (
        "Setting cannot be used",
        "{name} cannot be “{value}”: {reason}.",
        "Mend it and start again.",
    ),
    "set_by_environment": (
        "Set by the environment",
        "{key} is set by the environment variable {variable}.",
        "Change it there; a page or command cannot.",
    ),
    "config_broken": (
        "config.json cannot be read",
        "{path} cannot be read at line {line}, column {column}: {reason}.",
        "Mend that line, or copy the last good version back: cp “{last_good}” “{path}”.",
    ),
    "config_broken_no_copy": (
        "config.json cannot be read",
        "{path} cannot be read at line {line}, column {column}: {reason}.",
        "Mend that line; there is no earlier good version beside it.",
    ),
    "key_wrong": (
        "Another secret key",
        "{name} was sealed with another secret key ({key_id}) than the one in use.",
        "Put the former key back (CROSSWATCH_SECRET_KEY or its file), or connect again.",
    ),
    "key_unreadable": (
        "Secret key cannot be read",
        "The secret key in {path} cannot be used: {reason}.",
        "Put the former key back there; without it the stored connections cannot be opened.",
    ),
    "sealed_damaged": (
        "Damaged secret",
        "{name} is damaged in config.json and cannot be opened.",
        "Connect again; that writes it anew.",
    ),
    "database_newer": (
        "Database from a newer version",
        "{path} was written by a newer CrossWatch (schema {found}) than this one (schema {known}).",
        "Start the newer version again, or restore a backup made with this one.",
    ),
    "database_broken": (
        "Database cannot be read",
        "{path} cannot be used: {reason}.",
        "Stop CrossWatch, keep the file, and restore a backup or start with an empty state folder.",
    ),
    "disk_full": (
        "Disk full",
        "There is no room left on the disk of {path}.",
        "Make room and try again; what was stored before is whole.",
    ),
    "cannot_write": (
        "Cannot write",
        "{path} cannot be written: {reason}.",
        "Give the user that runs CrossWatch the right to write there.",
    ),
    "network_folder": (
        "Folder on the network",
        "{path} is on a network file system ({kind}), where databases break.",
        "Set CROSSWATCH_STATE to a folder on a local disk.",
    ),
    "already_serving": (
        "Already running",
        "CrossWatch already serves this folder as process {pid} at {url}.",
        "Use that one, or stop it first; a second one needs a CROSSWATCH_HOME of its own.",
    ),
    "port_in_use": (
        "Port in use",
        "Another program listens on {host}:{port}.",
        "Stop it, or choose another number with {way}.",
    ),
    "assets_missing": (
        "Page files missing",
        "The styles and scripts of the pages have not been built.",
        "Run “make setup”.",
    ),
    "internal": (
        "A fault in CrossWatch",
        "Something went wrong that CrossWatch did not expect ({kind}, reference {reference}).",
        "Nothing is lost. Please tell us the reference; the log has the rest.",
    ),
}


HELD = {
    "not_whole": "the service's list did not arrive completely",
    "young": "changed only minutes ago, and the service's lists may still show an older state",
    "own_write": "written by CrossWatch itself only minutes ago; the service's lists may lag behind",
    "not_proved": "missing from the list, and not yet confirmed title by title",
    "two_rows": "listed twice under one title",
    "gone": "the service no longer has this title",
    "in_doubt": "an earlier write got no clear answer and is looked up first",
    "not_seen": "the service did not say what it holds at this moment",
    "partial": "a list did not arrive completely, and nothing is removed before it does",
    "wanted": "another pair, or a write of this run, wants it to stay where it would be removed",
    "other_id": "the service may mean another title by it",
    "unmatched": "the service did not know it; it is tried again later",
    "no_id": "there is no id by which the service knows this title",
    "no_answer": "no clear answer came; it is looked up before anything is sent again",
    "third_value": "the service shows neither the old nor the new value; you decide which one counts",
}
