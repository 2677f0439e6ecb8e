//! What every storage adapter promises: one text, judged against the fake and the real one.
//!
//! Each case is a function of a store that may be shared with other cases only if it is empty at
//! first. [`cases!`](crate::cases) lists them, so that each backend makes its own tests of them.

#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking or by its error")]

mod backend;
pub mod books;
pub mod catalog;
pub mod conduct;
pub mod directory;
pub mod hooks;
pub mod identity;
pub mod inbox;
pub mod ledger;
pub mod letters;
pub mod orders;
pub mod orphans;
pub mod outbox;
pub mod payback;
pub mod payments;
pub mod periodic;
pub mod purchases;
pub mod rates;
pub mod replays;
pub mod rivals;
mod shelf;
mod stage;
pub mod tasks;
pub mod topups;
pub mod work;

pub use self::backend::Backend;

/// Hands the cases of one suite to a macro of yours, as `suite: case, case, …`.
///
/// The macro makes a test of each: it opens an empty store and awaits
/// `testkit::contract::suite::case(&store)`, which answers with an [`Outcome`](crate::Outcome).
#[macro_export]
macro_rules! cases {
    (ledger => $each:ident) => {
        $each! { ledger:
            posts_once_per_key,
            refuses_a_key_with_other_content,
            refuses_a_release_after_a_capture,
            refuses_a_capture_after_a_release,
            refuses_to_resolve_another_amount,
            refuses_a_customer_without_a_wallet,
            refuses_an_unexplained_correction,
            commits_nothing_after_a_refused_post,
            undoes_a_dropped_unit,
            never_spends_more_than_there_is,
            opens_a_wallet_once,
            sees_its_own_postings,
            keeps_balances_continuous,
            books_what_a_delivered_number_cost,
            runs_units_in_opposite_order_to_their_end,
            moves_money_once_for_concurrent_posts_of_one_key,
            takes_money_once_for_concurrent_posts_of_one_key,
        }
    };
    (books => $each:ident) => {
        $each! { books:
            moves_nothing_before_a_second_person_approves,
            approves_once_for_many_who_approve_at_once,
            takes_money_only_where_there_is_some,
            lists_what_waits_for_approval_first,
            refuses_money_moved_by_hand_without_a_word,
            shows_every_movement_of_a_wallet_once,
            finds_debts_that_can_be_paid,
            adds_up_each_movement_once,
            audits_what_is_new_until_it_is_noted,
            tells_what_should_come_to_an_end,
            keeps_test_money_apart,
        }
    };
    (payback => $each:ident) => {
        $each! { payback:
            owes_the_whole_claw_back_whatever_the_wallet_holds,
            spends_what_is_there_on_a_debt_once,
            sells_nothing_to_whoever_owes_money,
            returns_a_claw_back_once_and_no_more_than_it_took,
            returns_a_claw_back_in_parts,
            exchanges_what_a_gateway_received_in_dollars,
            credits_a_payment_part_by_part,
            refunds_a_payment_only_from_what_can_be_spent,
            returns_a_refund_that_did_not_arrive,
            compensates_no_more_than_an_order_earned,
            compensates_an_order_once_under_concurrency,
            books_a_late_code_of_a_refunded_order_only,
            settles_what_a_gateway_collected,
            sells_nothing_to_a_frozen_customer,
            lifts_one_freeze_at_a_time,
        }
    };
    (purchases => $each:ident) => {
        $each! { purchases:
            sets_the_price_aside,
            reserves_as_many_as_the_wallet_pays,
            refuses_a_wallet_that_pays_for_none,
            frees_the_key_of_a_refused_reservation,
            replays_an_equal_request,
            refuses_a_key_with_another_request,
            keeps_keys_of_customers_apart,
            keeps_the_rate_that_was_shown_first,
            reserves_once_for_concurrent_equal_requests,
            never_overdraws_under_concurrency,
            stops_at_so_many_unfinished_under_concurrency,
            reserves_as_many_as_may_be_unfinished,
            counts_an_order_until_its_message_or_its_end,
            activates_once,
            remembers_which_number_was_asked_for_again,
            activates_only_the_present_attempt,
            gives_an_activation_to_one_order,
            gives_equal_ids_of_two_providers_to_two_orders,
        }
    };
    (orders => $each:ident) => {
        $each! { orders:
            stores_every_state_as_it_is,
            locks_by_activation,
            forgets_changes_of_a_dropped_unit,
            shows_only_public_states_of_the_owner,
            finds_every_state_of_repeated_requests,
            pages_the_newest_first,
            lists_what_is_not_over,
        }
    };
    (work => $each:ident) => {
        $each! { work:
            tells_stuck_from_in_flight,
            counts_what_is_in_flight_by_what_was_asked,
            knows_activations_in_every_state,
            tells_on_which_numbers_customers_wait,
            polls_each_order_once_per_interval,
            polls_only_running_orders,
            ends_each_order_once_per_interval,
            ends_nothing_before_its_time,
            ends_an_order_that_was_just_polled,
            claims_no_more_than_asked_for,
            claims_each_order_for_one_of_many,
            sweeps_every_provider_once_per_interval,
        }
    };
    (orphans => $each:ident) => {
        $each! { orphans:
            remembers_since_when_an_activation_has_no_owner,
            gives_an_orphan_to_one_order,
            keeps_what_was_written_off_from_orders,
            writes_off_what_was_noted_only,
            books_what_an_orphan_cost_once,
            adopts_or_writes_off_under_concurrency,
            knows_what_a_price_list_asks,
        }
    };
    (inbox => $each:ident) => {
        $each! { inbox:
            stores_a_callback_once,
            stores_a_callback_once_under_concurrency,
            tells_messages_of_one_activation_apart,
            stores_a_task_with_what_is_open,
            knows_whether_an_order_rents_the_activation,
            knows_whom_to_believe,
            keeps_messages_in_order,
            replaces_text_and_source_of_a_message,
        }
    };
    (topups => $each:ident) => {
        $each! { topups:
            stores_a_topup_as_it_is,
            forgets_a_topup_of_a_dropped_unit,
            keeps_a_notification_once,
            keeps_a_notification_once_under_concurrency,
            gives_out_what_is_due_longest_first,
            gives_out_what_nobody_else_has_locked,
            lists_topups_of_a_customer,
            shows_what_is_flagged_and_how_it_was_resolved,
            counts_what_waits,
        }
    };
    (payments => $each:ident) => {
        $each! { payments:
            books_a_payment_for_one_topup,
            keeps_what_went_back_in_order,
            keeps_refunds_as_they_are,
            refuses_more_back_than_was_credited,
            refuses_a_refund_approved_by_its_operator,
            forgets_what_a_dropped_unit_booked,
            credits_a_payment_once_under_concurrency,
            finds_a_credit_that_was_not_booked,
            finds_a_booking_without_its_credit,
            finds_a_return_that_was_not_booked,
        }
    };
    (tasks => $each:ident) => {
        $each! { tasks:
            is_claimed_and_finished_once,
            is_finished_outside_of_units_too,
            goes_to_one_of_many_workers,
            respects_kind_and_room,
            has_one_live_task_per_matter,
            runs_once_more_for_what_it_missed,
            loses_no_hint_in_a_race,
            forgets_what_a_dropped_unit_did,
            refuses_whatever_a_lost_claim_wants,
            is_finished_by_one_of_many,
            keeps_a_lease_that_is_extended,
            buries_what_kills_its_workers,
            buries_nothing_that_was_just_heard_of,
            waits_after_a_failure,
            does_not_count_a_snooze,
            is_put_off_with_what_was_stored,
            is_released_as_if_never_claimed,
            is_withdrawn_while_it_waits,
            is_counted_by_kind,
        }
    };
    (letters => $each:ident) => {
        $each! { letters:
            lies_dead_until_somebody_decides,
            is_retried_on_request,
            is_adopted_where_it_is_missing,
        }
    };
    (periodic => $each:ident) => {
        $each! { periodic:
            gives_a_slot_to_one_of_many,
            counts_slots_that_were_missed,
            ends_a_term_when_the_next_begins,
            refuses_the_list_of_a_term_that_is_over,
            forgets_old_runs,
        }
    };
    (rates => $each:ident) => {
        $each! { rates:
            remembers_the_newest_rate,
            ignores_a_rate_made_earlier,
        }
    };
    (outbox => $each:ident) => {
        $each! { outbox:
            stamps_in_the_order_of_commits,
            stamps_each_event_once,
            stamps_each_event_once_under_concurrency,
            stamps_no_more_than_asked_for,
            never_shows_an_event_of_a_dropped_unit,
            shows_nothing_before_it_is_stamped,
            shows_each_customer_their_own,
            resumes_after_a_place,
        }
    };
    (identity => $each:ident) => {
        $each! { identity:
            takes_an_address_once,
            forgets_a_customer_of_a_dropped_unit,
            finds_a_customer_by_address,
            finds_the_owner_of_a_token,
            gives_a_customer_one_test_account,
            keeps_the_terms_of_a_token,
            forgets_the_owner_of_a_revoked_token,
            shortens_the_life_of_a_token,
            replaces_a_token_once,
            notes_when_tokens_were_used,
        }
    };
    (conduct => $each:ident) => {
        $each! { conduct:
            counts_outcomes_within_a_window,
            lets_so_many_be_canceled_a_day,
            lets_exactly_so_many_cancel_at_once,
            stops_purchases_while_a_ban_lasts,
            a_ban_gives_way_to_a_harder_one,
            operators_ban_and_forgive,
            suspends_a_customer_with_its_test_account,
        }
    };
    (catalog => $each:ident) => {
        $each! { catalog:
            puts_a_list_on_sale,
            keeps_the_slot_while_the_price_moves,
            keeps_the_umbrella_of_two_providers,
            withdraws_what_is_no_longer_listed,
            skips_offers_without_a_price,
            hides_a_disabled_provider,
            offers_the_cheapest_first,
            offers_only_what_is_wanted,
            sorts_and_pages_products,
            shows_services_in_stock_of_a_country,
        }
    };
    (directory => $each:ident) => {
        $each! { directory:
            adds_a_provider_once,
            finds_a_provider_by_its_secret,
            lists_by_priority,
            switches_and_moves_a_provider,
        }
    };
    (hooks => $each:ident) => {
        $each! { hooks:
            opens_an_endpoint_once,
            keeps_an_endpoint_as_its_owner_left_it,
            tells_each_event_once,
            tells_each_event_once_under_concurrency,
            tells_only_who_wants_to_hear_it,
            hands_out_what_a_delivery_takes,
            puts_down_attempts_newest_first,
            refuses_to_put_down_an_attempt_twice,
            counts_trials_of_late,
            shows_what_operators_look_at,
        }
    };
}

/// Hands every suite to a macro of yours, see [`cases!`](crate::cases).
#[macro_export]
macro_rules! every_case {
    ($each:ident) => {
        $crate::cases!(ledger => $each);
        $crate::cases!(books => $each);
        $crate::cases!(payback => $each);
        $crate::cases!(purchases => $each);
        $crate::cases!(orders => $each);
        $crate::cases!(work => $each);
        $crate::cases!(orphans => $each);
        $crate::cases!(inbox => $each);
        $crate::cases!(topups => $each);
        $crate::cases!(tasks => $each);
        $crate::cases!(letters => $each);
        $crate::cases!(periodic => $each);
        $crate::cases!(payments => $each);
        $crate::cases!(rates => $each);
        $crate::cases!(outbox => $each);
        $crate::cases!(identity => $each);
        $crate::cases!(conduct => $each);
        $crate::cases!(catalog => $each);
        $crate::cases!(directory => $each);
        $crate::cases!(hooks => $each);
    };
}
