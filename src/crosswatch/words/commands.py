"""What the command line says in other words than the pages: there is nothing to click, and commands have names."""

SENTENCES = {
    "pair_disabled": "Pair {pair}, “{name}”, is switched off.",
    "not_connected": "{account} is not connected.",
}

NEXT_STEPS = {
    "missing_api_key": (
        "Run “crosswatch connect {account}” and enter your TMDb API key (v3); TMDb shows it under Settings, API."
    ),
    "invalid_api_key": (
        "Copy it once more from TMDb's Settings, API page, and give it to “crosswatch connect {account} --key -”."
    ),
    "suspended_api_key": (
        "Ask TMDb about it, or give another key to “crosswatch connect {account} --key -”."
    ),
    "no_pending_request": "Start with “crosswatch connect {account}”.",
    "pending_approval": (
        "Open the link that “crosswatch connect {account}” printed and approve; then “crosswatch verify {account}”."
    ),
    "approval_expired": "Start again with “crosswatch connect {account}”.",
    "approval_denied": "Run “crosswatch connect {account}” if you want to try again.",
    "approval_unknown": "Run “crosswatch verify {account}”; it says how the connection is.",
    "approval_unfinished": "Run “crosswatch verify {account}”; it says what is in the way.",
    "no_session_id": "Start again with “crosswatch connect {account}”, and approve again.",
    "session_ended": "Run “crosswatch connect {account}” to connect again.",
    "invalid_request": "Mend it and try again; “--help” after a command says how it is used.",
    "not_found": (
        "“crosswatch pairs list”, “crosswatch runs”, “crosswatch attention” and “crosswatch config get” show what "
        "there is."
    ),
    "not_connected": "Connect it with “crosswatch connect {account}”.",
    "account_changed": (
        "Connect {then} again with “crosswatch connect {account}”, or start afresh with {now}: “crosswatch attention” "
        "says how."
    ),
    "in_use": "Delete the pair first (“crosswatch pairs remove”), or disconnect without “--forget”.",
    "sides_fixed": "Make a new pair (“crosswatch pairs add”) and delete this one (“crosswatch pairs remove”).",
    "mode_fixed": (
        "Delete the pair (“crosswatch pairs remove”) and make a new one (“crosswatch pairs add”); both accounts keep "
        "their titles, and its first run removes nothing."
    ),
    "pair_cycle_opposite": (
        "For both directions, delete that pair (“crosswatch pairs remove”) and make one with "
        "“crosswatch pairs add ... --two-way”."
    ),
    "already_running": "Wait for it, or stop it with “crosswatch cancel {run_id}”.",
    "plan_stale": "Make a new one with “crosswatch plan {pair}”.",
    "plan_stale_expired": "Make a new one with “crosswatch plan {pair}”.",
    "plan_stale_applied": "See what is left with “crosswatch plan {pair}”.",
    "plan_stale_changed": "Make a new one with “crosswatch plan {pair}”.",
    "plan_stale_account": "Make a new one with “crosswatch plan {pair}”.",
    "plan_stale_gone": "Make the pair anew with “crosswatch pairs add”; its first sync removes nothing.",
    "plan_stale_wait": "“crosswatch sync” puts them into “crosswatch attention”, where you can allow them.",
    "plan_stale_moved": "See what would happen now with “crosswatch plan {pair}”.",
    "pair_disabled": "Switch it on with “crosswatch pairs edit {pair} --on”.",
    "nothing_to_sync": "Switch on at least one of them: “--watchlist” or “--ratings”.",
    "no_pairs": "Make one with “crosswatch pairs add tmdb tracker”.",
    "key_wrong": (
        "Put the former key back (CROSSWATCH_SECRET_KEY or its file), or run “crosswatch connect {account}” again."
    ),
    "sealed_damaged": "Run “crosswatch connect {account}” again; that writes it anew.",
}
