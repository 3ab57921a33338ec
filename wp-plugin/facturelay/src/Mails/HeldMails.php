<?php

declare(strict_types=1);

namespace Facturelay\Mails;

defined( 'ABSPATH' ) || exit;

/**
 * Held mails of WooCommerce's, one row each. Who wants to send one claims its row by an UPDATE that one process wins.
 *
 * States of a live row: held, replacing (Facturelay is mailing documents in its place), releasing (the shop is sending it).
 * States when done: replaced, released, not_held (sent at once), superseded, gone. Reasons: late (deadline passed), stale
 * (Facturelay was silent), link (the owner's choice), no_document (none is mailed in its place).
 * mail_group is the id of the mail of Facturelay's that replaces it.
 *
 * A row without kinds waits for no document: it stands in line behind an earlier mail of its order, so that mails leave in the
 * order in which the order lived.
 */
final class HeldMails {

	// What Facturelay needs at most from start_replacing until a mail server has its mail (TAKEN_OVER_S there), and some more.
	private const REPLACING_S = 120;
	// After that the process that claimed a mail counts as dead, and the mail is sent again: two mails are better than none.
	private const RELEASING_TIMEOUT_S = 600;
	private const MAX_TRIES           = 3;
	// A mail that was sent longer ago does not count as the mail of today's document.
	private const RECENT_S = DAY_IN_SECONDS;
	// What fits into a request of Facturelay's size, a day's mails of a large shop.
	private const MAX_TOLD = 500;

	private EarlyMails $early_mails;

	public function __construct() {
		$this->early_mails = new EarlyMails();
	}

	/** Hold a mail. False when that could not be stored: then WooCommerce must send it. */
	public function hold( int $order_id, string $mail_id, int $refund_id, string $status, array $kinds, string $locale, int $deadline_s ): bool {
		$row = array( $order_id, $mail_id, $refund_id, $status, implode( ',', $kinds ), $locale, MailTable::utc(), MailTable::utc( $deadline_s ) );
		// IGNORE: the same mail is held once, however often WooCommerce comes to it.
		$inserted = MailTable::execute(
			'INSERT IGNORE INTO %i (order_id, mail_id, refund_id, live, state, status, kinds, locale, held_at, release_at) VALUES (%d, %s, %d, 1, "held", %s, %s, %s, %s, %s)',
			...$row
		);
		return $inserted > 0 || ( 0 === $inserted && $this->is_held( $order_id, $mail_id, $refund_id ) );
	}

	/** Hold a mail until the earlier ones of its order have left. False when none waits, or when that could not be stored. */
	public function hold_in_line( int $order_id, string $mail_id, int $refund_id, string $status, string $locale ): bool {
		return $this->has_held_mail( $order_id ) && $this->hold( $order_id, $mail_id, $refund_id, $status, array(), $locale, 0 );
	}

	/** Store that WooCommerce sent a mail which a document would have replaced. */
	public function record_not_held( int $order_id, string $mail_id, int $refund_id, array $kinds, string $reason ): void {
		$this->insert_done( $order_id, $mail_id, $refund_id, $kinds, 'not_held', $reason );
	}

	/** @param string[] $kinds */
	private function insert_done( int $order_id, string $mail_id, int $refund_id, array $kinds, string $state, string $reason ): void {
		MailTable::execute(
			'INSERT INTO %i (order_id, mail_id, refund_id, live, state, reason, kinds, held_at, release_at, done_at) VALUES (%d, %s, %d, NULL, %s, %s, %s, %s, %s, %s)',
			$order_id,
			$mail_id,
			$refund_id,
			$state,
			$reason,
			implode( ',', $kinds ),
			MailTable::utc(),
			MailTable::utc(),
			MailTable::utc()
		);
	}

	/** @return string[] the kinds of documents that will replace, or have replaced, a mail of this order */
	public function expected_kinds( int $order_id ): array {
		return MailTable::kinds( ...MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND (live = 1 OR state = "replaced")', $order_id ) );
	}

	/** @return object[] rows of mails that must be sent now, the oldest first; none before an earlier mail of its order has ended */
	public function due( int $limit ): array {
		return MailTable::select(
			'SELECT * FROM %i mail WHERE ((state IN ("held", "replacing") AND release_at <= %s) OR (state = "releasing" AND claimed_at <= %s))
				AND NOT EXISTS (SELECT 1 FROM %i earlier WHERE earlier.order_id = mail.order_id AND earlier.live = 1 AND earlier.id < mail.id)
				ORDER BY release_at, id LIMIT %d',
			MailTable::utc(),
			MailTable::utc( -self::RELEASING_TIMEOUT_S ),
			$limit
		);
	}

	/** Claim a due row for sending; false when another process has it. */
	public function claim( object $row ): bool {
		// Only a mail that still waits for its document is late.
		$reason = '' === $row->reason && '' !== $row->kinds ? 'late' : $row->reason;
		return 1 === MailTable::execute(
			'UPDATE %i SET state = "releasing", reason = %s, mail_group = "", claimed_at = %s, tries = tries + 1 WHERE id = %d AND state = %s AND tries = %d',
			$reason,
			MailTable::utc(),
			(int) $row->id,
			$row->state,
			(int) $row->tries
		);
	}

	/** End a row: released, superseded or gone. */
	public function finish( int $id, string $state ): void {
		MailTable::execute( 'UPDATE %i SET state = %s, live = NULL, done_at = %s WHERE id = %d', $state, MailTable::utc(), $id );
	}

	/** End a row whose mail a later one makes pointless; the link that it would have carried goes with that. */
	public function supersede( int $id, int $order_id ): void {
		MailTable::execute( 'UPDATE %i later JOIN %i gone ON gone.id = %d SET later.reason = gone.reason WHERE later.order_id = %d AND later.id > gone.id AND later.live = 1 AND later.kinds = ""', $id, $order_id );
		$this->finish( $id, 'superseded' );
	}

	/** End mails at which the process ended MAX_TRIES times: by all that is known they left each time, and would again for ever. */
	public function end_those_that_end_the_process(): void {
		MailTable::execute( 'UPDATE %i SET state = "gone", live = NULL, done_at = %s WHERE state = "releasing" AND claimed_at <= %s AND tries >= %d', MailTable::utc(), MailTable::utc( -self::RELEASING_TIMEOUT_S ), self::MAX_TRIES );
	}

	/** The mail could not be sent: try again in a minute, MAX_TRIES times in all. */
	public function retry_later( object $row ): void {
		if ( (int) $row->tries + 1 >= self::MAX_TRIES ) {
			$this->finish( (int) $row->id, 'gone' );
			return;
		}
		MailTable::execute( 'UPDATE %i SET state = "held", release_at = %s WHERE id = %d', MailTable::utc( 60 ), (int) $row->id );
	}

	/**
	 * Facturelay is about to mail documents of these kinds: mark the held mails that they replace. May be called again.
	 *
	 * True when it must not, because WooCommerce's own mail was sent already, or is due now: a mail is held for $deadline_s and no
	 * longer, so Facturelay must be able to end within them.
	 *
	 * @param string[] $kinds
	 * @param int[]    $refunds ids of the refunds that the documents credit
	 */
	public function start_replacing( int $order_id, array $kinds, array $refunds, string $mail_group, int $deadline_s ): bool {
		$rows = $this->rows_with( $order_id, $kinds, $refunds );
		if ( array() === $rows ) {
			$this->early_mails->start( $order_id, $kinds, $refunds, $mail_group );
			return false;
		}
		$replaced = array_filter( $rows, fn ( object $row ): bool => $this->replace( $row, $mail_group, $deadline_s ) );
		$sent     = array_filter( $rows, array( $this, 'was_sent_without_document' ) );
		if ( array() !== $replaced || array() === $sent || array() !== array_diff( $kinds, MailTable::kinds( ...$sent ) ) ) {
			return false;
		}
		foreach ( $sent as $row ) {
			MailTable::execute( 'UPDATE %i SET state = "held", reason = "late", mail_group = "", release_at = %s WHERE id = %d AND (state = "held" OR (state = "replacing" AND mail_group = %s))', MailTable::utc(), (int) $row->id, $mail_group );
		}
		return true;
	}

	/**
	 * @param string[] $kinds
	 * @param int[]    $refunds
	 * @return object[] rows of the mails of an order, also of those that left, that documents of these kinds replace
	 */
	private function rows_with( int $order_id, array $kinds, array $refunds ): array {
		$rows = MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND mail_id <> %s ORDER BY id', $order_id, EarlyMails::MAIL_ID );
		// Each refund of an order has a credit note, and a mail, of its own.
		$fits = static fn ( object $row ): bool => array() !== array_intersect( MailTable::kinds( $row ), $kinds ) && ( 0 === (int) $row->refund_id || in_array( (int) $row->refund_id, $refunds, true ) );
		return array_filter( $rows, $fits );
	}

	/** Mark a mail as one that Facturelay replaces; false when there is no time for that, or another process was first. */
	private function replace( object $row, string $mail_group, int $deadline_s ): bool {
		$again   = 'replacing' === $row->state && $mail_group === $row->mail_group;
		$in_time = strtotime( $row->held_at . ' UTC' ) + $deadline_s - self::REPLACING_S > time() && '' === $row->reason;
		if ( ! $in_time || ! ( $again || 'held' === $row->state ) ) {
			return false;
		}
		$changed = MailTable::execute(
			'UPDATE %i SET state = "replacing", mail_group = %s WHERE id = %d AND (state = "held" OR (state = "replacing" AND mail_group = %s))',
			$mail_group,
			(int) $row->id,
			$mail_group
		);
		// A second call within one second changes nothing, and 0 rows are reported.
		return $changed || $again;
	}

	/**
	 * Match a mail of WooCommerce's with one that Facturelay mailed, or is mailing, in its place. One replaces one.
	 *
	 * True when there is one: then WooCommerce must not send its own.
	 *
	 * @param string[] $kinds
	 */
	public function match_early_mail( int $order_id, string $mail_id, int $refund_id, string $status, array $kinds, string $locale, int $deadline_s ): bool {
		$row = $this->early_mails->take( $order_id, $mail_id, $refund_id, $kinds );
		if ( null === $row ) {
			return false;
		}
		if ( 'mailed' === $row->state ) {
			$this->insert_done( $order_id, $mail_id, $refund_id, MailTable::kinds( $row ), 'replaced', '' );
			return true;
		}
		// Facturelay is still mailing: hold WooCommerce's mail, so that it is sent should that fail.
		$this->hold( $order_id, $mail_id, $refund_id, $status, MailTable::kinds( $row ), $locale, $deadline_s );
		MailTable::execute( 'UPDATE %i SET state = "replacing", mail_group = %s WHERE order_id = %d AND mail_id = %s AND refund_id = %d AND state = "held"', $row->mail_group, $order_id, $mail_id, $refund_id );
		return true;
	}

	/** Facturelay has mailed its documents. */
	public function finish_replacing( string $mail_group ): void {
		MailTable::execute( 'UPDATE %i SET state = "replaced", live = NULL, done_at = %s WHERE mail_group = %s AND state = "replacing"', MailTable::utc(), $mail_group );
		$this->early_mails->finish( $mail_group );
	}

	/**
	 * Facturelay repeats what it mailed of late: the request that said so at the time may not have arrived.
	 *
	 * @param array<int, mixed> $mail_groups
	 */
	public function finish_all_replacing( array $mail_groups ): void {
		foreach ( $mail_groups as $mail_group ) {
			$this->finish_replacing( (string) $mail_group );
		}
	}

	/** Facturelay will not mail its documents: the mails that they would have replaced are due now. */
	public function cancel_replacing( string $mail_group ): void {
		$this->early_mails->cancel( $mail_group );
		MailTable::execute( 'UPDATE %i SET state = "held", reason = "no_document", mail_group = "", release_at = %s WHERE mail_group = %s AND state = "replacing"', MailTable::utc(), $mail_group );
	}

	/**
	 * No document is mailed for the order in the state that Facturelay saw: its held mails of then, and of before, are due now.
	 *
	 * @param string $status  of the order as Facturelay saw it; '' for all its mails
	 * @param int[]  $refunds ids of the refunds as Facturelay saw them
	 */
	public function release_order( int $order_id, string $status, array $refunds ): void {
		$last = 0;
		foreach ( MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND state = "held" ORDER BY id', $order_id ) as $row ) {
			$refund = (int) $row->refund_id;
			$seen   = '' === $status || ( $refund > 0 ? in_array( $refund, $refunds, true ) : $row->status === $status );
			$last   = $seen ? (int) $row->id : $last;
		}
		MailTable::execute( 'UPDATE %i SET reason = "no_document", release_at = %s WHERE order_id = %d AND id <= %d AND state = "held"', MailTable::utc(), $order_id, $last );
	}

	/** Every held mail is due now, and carries a link to its document. From here on Facturelay is told that it comes too late for it. */
	public function let_go(): void {
		MailTable::execute( 'UPDATE %i SET reason = "late" WHERE state = "held" AND reason = "" AND kinds <> ""' );
		MailTable::execute( 'UPDATE %i SET release_at = %s WHERE state = "held"', MailTable::utc() );
	}

	/** The same for those that Facturelay was mailing in their place. */
	public function let_go_of_replacing(): void {
		MailTable::execute( 'UPDATE %i SET state = "held", reason = "late", mail_group = "", release_at = %s WHERE state = "replacing"', MailTable::utc() );
	}

	/** End what could not be sent: the plugin goes, and Facturelay, which was not told that it left, mails the documents. */
	public function give_up(): void {
		MailTable::execute( 'UPDATE %i SET state = "gone", live = NULL, done_at = %s WHERE state IN ("held", "replacing")', MailTable::utc() );
	}

	/**
	 * The mails that left the shop of late, or are leaving, in the place of documents; and with a mail_group those for which Facturelay
	 * asked, so that it may have mailed them.
	 *
	 * @return array<int, array{order: int, refund: int, kinds: string[], mail_group: string}> the newest, MAX_TOLD at most
	 */
	public function own_mails(): array {
		$rows = MailTable::select( 'SELECT * FROM %i WHERE kinds <> "" AND mail_id <> %s AND state <> "held" AND (live = 1 OR done_at > %s) ORDER BY id DESC LIMIT %d', EarlyMails::MAIL_ID, MailTable::utc( -self::RECENT_S ), self::MAX_TOLD );
		$told = array();
		foreach ( $rows as $row ) {
			if ( $this->was_sent_without_document( $row ) ) {
				$told[] = array(
					'order'      => (int) $row->order_id,
					'refund'     => (int) $row->refund_id,
					'kinds'      => MailTable::kinds( $row ),
					'mail_group' => 'replacing' === $row->state ? (string) $row->mail_group : '',
				);
			}
		}
		return $told;
	}

	/** Whether the order has a later mail, which makes its on-hold mail pointless. */
	public function has_later_mail( object $row ): bool {
		return array() !== MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND id > %d AND refund_id = 0 AND mail_id <> %s', (int) $row->order_id, (int) $row->id, EarlyMails::MAIL_ID );
	}

	/** Whether a later mail of the order has left already. */
	public function has_later_mail_left( object $row ): bool {
		return array() !== MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND id > %d AND state IN ("released", "replaced")', (int) $row->order_id, (int) $row->id );
	}

	/** Whether a mail is sent although a document should have replaced it, so that a link to the document belongs in it. */
	public function needs_link( int $order_id, string $mail_id ): bool {
		return array() !== MailTable::select(
			'SELECT * FROM %i WHERE order_id = %d AND mail_id = %s AND reason IN ("late", "stale", "link") AND state IN ("releasing", "released", "not_held")',
			$order_id,
			$mail_id
		);
	}

	/** @return array{held: int, oldest: string} how many mails are held, and since when (UTC; '' for none) */
	public function summary(): array {
		$rows = MailTable::select( 'SELECT COUNT(*) AS held, MIN(held_at) AS oldest FROM %i WHERE live = 1' );
		return array(
			'held'   => (int) ( $rows[0]->held ?? 0 ),
			'oldest' => (string) ( $rows[0]->oldest ?? '' ),
		);
	}

	/** Whether a mail of this order waits for its document. */
	public function has_held_mail( int $order_id ): bool {
		return array() !== MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND live = 1', $order_id );
	}

	/** Whether the shop sent this mail, or the one that made it pointless, itself in the last day, or is about to. */
	private function was_sent_without_document( object $row ): bool {
		if ( in_array( $row->state, array( 'held', 'replacing', 'releasing' ), true ) ) {
			return 'no_document' !== $row->reason;
		}
		$recent = strtotime( $row->done_at . ' UTC' ) > time() - self::RECENT_S;
		return $recent && in_array( $row->state, array( 'released', 'not_held', 'superseded' ), true ) && 'no_document' !== $row->reason;
	}

	private function is_held( int $order_id, string $mail_id, int $refund_id ): bool {
		return array() !== MailTable::select( 'SELECT * FROM %i WHERE order_id = %d AND mail_id = %s AND refund_id = %d AND live = 1', $order_id, $mail_id, $refund_id );
	}
}
