<?php

declare(strict_types=1);

namespace Facturelay\Mails;

use Facturelay\Lifecycle\Schema;

defined( 'ABSPATH' ) || exit;

/**
 * The mails we hold, one row each. Whoever wants to send one claims its row by an UPDATE that only one can win.
 *
 * Live: held → taken (Facturelay mails in its place) or releasing (we send it). Done: replaced, released, passed (never
 * held), superseded, gone. Times are in UTC by PHP's clock: the database may be in another zone.
 * Beside them: mails of Facturelay's that were first (leaving, then left), under the name "early" until WooCommerce asks for its own.
 */
final class HeldMails {

	// How long Facturelay may take between asking for a mail and saying that its own left.
	private const REPLACING_TIMEOUT_S = 900;
	// A process that died between claiming and sending: send again, once. Two mails are the smaller evil then.
	private const RELEASING_TIMEOUT_S    = 600;
	private const MAX_TRIES = 3;
	// A shop that defers its mails asks for one minutes after ours has left; what left earlier belongs to another event.
	private const EARLY   = 'early';
	private const EARLY_MAX_AGE_S = HOUR_IN_SECONDS;
	// A mail of long ago says nothing about a document of today.
	private const RECENT_S = DAY_IN_SECONDS;

	/** Hold a mail. False when that could not be written down: then it must leave. */
	public function hold( int $order_id, string $mail_id, int $refund_id, string $status, array $kinds, string $locale, int $deadline_s ): bool {
		$row = array( $order_id, $mail_id, $refund_id, $status, implode( ',', $kinds ), $locale, self::utc(), self::utc( $deadline_s ) );
		// IGNORE: the same mail asked for twice is held once.
		$written = $this->execute(
			'INSERT IGNORE INTO %i (order_id, mail_id, refund_id, live, state, status, kinds, locale, held_at, release_at) VALUES (%d, %s, %d, 1, "held", %s, %s, %s, %s, %s)',
			...$row
		);
		return $written > 0 || ( 0 === $written && $this->is_held( $order_id, $mail_id, $refund_id ) );
	}

	/** Write down that WooCommerce's own mail left although one of ours would have replaced it. */
	public function record_not_held( int $order_id, string $mail_id, int $refund_id, array $kinds, string $reason ): void {
		$this->insert_done( $order_id, $mail_id, $refund_id, $kinds, 'passed', $reason );
	}

	/** @param string[] $kinds */
	private function insert_done( int $order_id, string $mail_id, int $refund_id, array $kinds, string $state, string $reason ): void {
		$this->execute(
			'INSERT INTO %i (order_id, mail_id, refund_id, live, state, reason, kinds, held_at, release_at, done_at) VALUES (%d, %s, %d, NULL, %s, %s, %s, %s, %s, %s)',
			$order_id,
			$mail_id,
			$refund_id,
			$state,
			$reason,
			implode( ',', $kinds ),
			self::utc(),
			self::utc(),
			self::utc()
		);
	}

	/** @return string[] the kinds of documents that replace, or replaced, a mail of this order */
	public function expected_kinds( int $order_id ): array {
		$rows = $this->select( 'SELECT * FROM %i WHERE order_id = %d AND (live = 1 OR state = "replaced")', $order_id );
		return array_values( array_unique( array_merge( array(), ...array_map( array( self::class, 'kinds' ), $rows ) ) ) );
	}

	/** @return object[] rows that must leave now, the oldest first */
	public function due( int $limit ): array {
		return $this->select(
			'SELECT * FROM %i WHERE (state IN ("held", "taken") AND release_at <= %s) OR (state = "releasing" AND claimed_at <= %s) ORDER BY release_at, id LIMIT %d',
			self::utc(),
			self::utc( -self::RELEASING_TIMEOUT_S ),
			$limit
		);
	}

	/** Claim a due row; false when somebody else has it. */
	public function claim( object $row ): bool {
		// What was given back is not late: no document of ours was mailed in its place.
		$reason = '' === $row->reason ? 'late' : $row->reason;
		return 1 === $this->execute(
			'UPDATE %i SET state = "releasing", reason = %s, claim = "", claimed_at = %s, tries = tries + 1 WHERE id = %d AND state = %s AND tries = %d',
			$reason,
			self::utc(),
			(int) $row->id,
			$row->state,
			(int) $row->tries
		);
	}

	public function finish( int $id, string $state ): void {
		$this->execute( 'UPDATE %i SET state = %s, live = NULL, done_at = %s WHERE id = %d', $state, self::utc(), $id );
	}

	/** The mail could not be sent: try again in a while, but not for ever. */
	public function retry_later( object $row ): void {
		if ( (int) $row->tries + 1 >= self::MAX_TRIES ) {
			$this->finish( (int) $row->id, 'gone' );
			return;
		}
		$this->execute( 'UPDATE %i SET state = "held", release_at = %s WHERE id = %d', self::utc( 60 ), (int) $row->id );
	}

	/**
	 * Let Facturelay mail documents of these kinds in place of what we hold. True when its mail would be the second one.
	 *
	 * @param string[] $kinds
	 * @param int[]    $refunds those that the documents credit
	 */
	public function start_replacing( int $order_id, array $kinds, array $refunds, string $claim, int $deadline_s ): bool {
		$taken = 0;
		$asked = 0;
		$late  = array();
		foreach ( $this->select( 'SELECT * FROM %i WHERE order_id = %d ORDER BY id', $order_id ) as $row ) {
			$common = array_intersect( self::kinds( $row ), $kinds );
			// Another refund of the order has a credit note, and a mail, of its own.
			$another = (int) $row->refund_id > 0 && ! in_array( (int) $row->refund_id, $refunds, true );
			if ( array() === $common || $another || self::EARLY === $row->mail_id ) {
				continue;
			}
			++$asked;
			if ( $this->can_replace( $row, $claim, $deadline_s ) ) {
				$changed = $this->execute(
					'UPDATE %i SET state = "taken", claim = %s, release_at = %s WHERE id = %d AND (state = "held" OR (state = "taken" AND claim = %s))',
					$claim,
					self::utc( self::REPLACING_TIMEOUT_S ),
					(int) $row->id,
					$claim
				);
				// Asked twice within one second, nothing changes, and it is taken all the same.
				$taken += $changed || $claim === $row->claim ? 1 : 0;
			}
			if ( $this->was_sent_without_document( $row ) ) {
				$late = array_merge( $late, $common );
			}
		}
		if ( 0 === $asked ) {
			$this->insert_early( $order_id, $kinds, $refunds, $claim );
		}
		return 0 === $taken && array() !== $late && array() === array_diff( $kinds, $late );
	}

	/** @return string[] the kinds of documents that were mailed before WooCommerce asked for its mail of the order or refund */
	public function early_kinds( int $order_id, int $refund_id ): array {
		return array_values( array_unique( array_merge( array(), ...array_map( array( self::class, 'kinds' ), $this->early_rows( $order_id, $refund_id ) ) ) ) );
	}

	/**
	 * WooCommerce asks for a mail in place of which Facturelay's is leaving, or left. One of ours stands for one of theirs.
	 *
	 * @param string[] $kinds
	 */
	public function match_early_mail( int $order_id, string $mail_id, int $refund_id, string $status, array $kinds, string $locale ): bool {
		foreach ( $this->early_rows( $order_id, $refund_id ) as $row ) {
			if ( array() === array_intersect( self::kinds( $row ), $kinds ) || 1 !== $this->execute( 'DELETE FROM %i WHERE id = %d AND state = %s', (int) $row->id, $row->state ) ) {
				continue;
			}
			if ( 'left' === $row->state ) {
				$this->insert_done( $order_id, $mail_id, $refund_id, self::kinds( $row ), 'replaced', '' );
				return true;
			}
			// While it is still leaving we hold theirs for it, and give it back should ours not leave.
			$this->hold( $order_id, $mail_id, $refund_id, $status, self::kinds( $row ), $locale, self::REPLACING_TIMEOUT_S );
			$this->execute( 'UPDATE %i SET state = "taken", claim = %s WHERE order_id = %d AND mail_id = %s AND refund_id = %d AND state = "held"', $row->claim, $order_id, $mail_id, $refund_id );
			return true;
		}
		return false;
	}

	/** @return object[] */
	private function early_rows( int $order_id, int $refund_id ): array {
		return $this->select( 'SELECT * FROM %i WHERE order_id = %d AND refund_id = %d AND mail_id = %s AND release_at > %s ORDER BY id', $order_id, $refund_id, self::EARLY, self::utc() );
	}

	/**
	 * @param string[] $kinds
	 * @param int[]    $refunds
	 */
	private function insert_early( int $order_id, array $kinds, array $refunds, string $claim ): void {
		$this->delete_early( $claim );
		foreach ( array() === $refunds ? array( 0 ) : $refunds as $refund_id ) {
			$this->execute(
				'INSERT INTO %i (order_id, mail_id, refund_id, live, state, kinds, claim, held_at, release_at, done_at) VALUES (%d, %s, %d, NULL, "leaving", %s, %s, %s, %s, %s)',
				$order_id,
				self::EARLY,
				(int) $refund_id,
				implode( ',', $kinds ),
				$claim,
				self::utc(),
				self::utc( self::EARLY_MAX_AGE_S ),
				self::utc()
			);
		}
	}

	private function delete_early( string $claim ): void {
		$this->execute( 'DELETE FROM %i WHERE claim = %s AND mail_id = %s', $claim, self::EARLY );
	}

	/** Facturelay's mail left in place of what it took. */
	public function finish_replacing( string $claim ): void {
		$this->execute( 'UPDATE %i SET state = "replaced", live = NULL, done_at = %s WHERE claim = %s AND state = "taken"', self::utc(), $claim );
		$this->execute( 'UPDATE %i SET state = "left" WHERE claim = %s AND state = "leaving"', $claim );
	}

	/** Facturelay's mail will not leave: what it took is ours to send. */
	public function cancel_replacing( string $claim ): void {
		$this->delete_early( $claim );
		$this->execute( 'UPDATE %i SET state = "held", reason = "given_back", claim = "", release_at = %s WHERE claim = %s AND state = "taken"', self::utc(), $claim );
	}

	/**
	 * No document of ours comes for this order as Facturelay saw it: let its mails go.
	 *
	 * @param int[] $refunds
	 */
	public function release_order( int $order_id, string $status, array $refunds ): void {
		foreach ( $this->select( 'SELECT * FROM %i WHERE order_id = %d AND state = "held"', $order_id ) as $row ) {
			$refund = (int) $row->refund_id;
			$seen   = '' === $status || ( $refund > 0 ? in_array( $refund, $refunds, true ) : $row->status === $status );
			if ( $seen ) {
				$this->execute( 'UPDATE %i SET reason = "given_back", release_at = %s WHERE id = %d AND state = "held"', self::utc(), (int) $row->id );
			}
		}
	}

	/** Everything that is held leaves now: we are going. */
	public function release_all(): void {
		$this->execute( 'UPDATE %i SET state = "held", reason = "given_back", release_at = %s WHERE state IN ("held", "taken")', self::utc() );
	}

	/** Whether a later mail to this customer makes an on-hold mail pointless. */
	public function has_later_mail( object $row ): bool {
		return array() !== $this->select( 'SELECT * FROM %i WHERE order_id = %d AND id > %d AND refund_id = 0 AND mail_id <> %s', (int) $row->order_id, (int) $row->id, self::EARLY );
	}

	/** Whether this order's mail leaves without our document, so that a link to it belongs in it. */
	public function needs_link( int $order_id, string $mail_id ): bool {
		return array() !== $this->select(
			'SELECT * FROM %i WHERE order_id = %d AND mail_id = %s AND reason IN ("late", "stale", "link") AND state IN ("releasing", "released", "passed")',
			$order_id,
			$mail_id
		);
	}

	/** @return array{held: int, oldest: string} for the heartbeat and the health page */
	public function summary(): array {
		$rows = $this->select( 'SELECT COUNT(*) AS held, MIN(held_at) AS oldest FROM %i WHERE live = 1' );
		return array(
			'held'   => (int) ( $rows[0]->held ?? 0 ),
			'oldest' => (string) ( $rows[0]->oldest ?? '' ),
		);
	}

	public function has_held_mail( int $order_id ): bool {
		return array() !== $this->select( 'SELECT * FROM %i WHERE order_id = %d AND live = 1', $order_id );
	}

	/** Forget what was done long ago. */
	public function purge(): void {
		$this->execute( 'DELETE FROM %i WHERE live IS NULL AND done_at < %s LIMIT 1000', self::utc( -90 * DAY_IN_SECONDS ) );
	}

	/** @return int rows deleted */
	public function delete_of_orders( array $order_ids ): int {
		$deleted = 0;
		foreach ( $order_ids as $order_id ) {
			$deleted += (int) $this->execute( 'DELETE FROM %i WHERE order_id = %d AND live IS NULL', (int) $order_id );
		}
		return $deleted;
	}

	private function can_replace( object $row, string $claim, int $deadline_s ): bool {
		$in_time = strtotime( $row->held_at . ' UTC' ) + $deadline_s > time() && 'given_back' !== $row->reason;
		return ( 'held' === $row->state && $in_time ) || ( 'taken' === $row->state && $claim === $row->claim && $in_time );
	}

	private function was_sent_without_document( object $row ): bool {
		if ( in_array( $row->state, array( 'held', 'taken', 'releasing' ), true ) ) {
			return 'given_back' !== $row->reason;
		}
		$recent = strtotime( $row->done_at . ' UTC' ) > time() - self::RECENT_S;
		return $recent && in_array( $row->state, array( 'released', 'passed' ), true ) && 'given_back' !== $row->reason;
	}

	private function is_held( int $order_id, string $mail_id, int $refund_id ): bool {
		return array() !== $this->select( 'SELECT * FROM %i WHERE order_id = %d AND mail_id = %s AND refund_id = %d AND live = 1', $order_id, $mail_id, $refund_id );
	}

	/** @return string[] */
	private static function kinds( object $row ): array {
		return array_values( array_filter( explode( ',', (string) $row->kinds ) ) );
	}

	private static function utc( int $from_now_s = 0 ): string {
		return gmdate( 'Y-m-d H:i:s', time() + $from_now_s );
	}

	/**
	 * @param mixed ...$values
	 * @return int|false rows changed; false when the statement failed
	 */
	private function execute( string $statement, ...$values ) {
		global $wpdb;
		if ( ! Schema::is_current() ) {
			return false;
		}
		// Silent: an error printed into a checkout's answer would break it, and each page view would fill the log.
		$before = $wpdb->suppress_errors( true );
		$result = $wpdb->query( $this->prepare( $statement, $values ) );
		$wpdb->suppress_errors( $before );
		return is_int( $result ) ? $result : false;
	}

	/**
	 * @param mixed ...$values
	 * @return object[]
	 */
	private function select( string $statement, ...$values ): array {
		global $wpdb;
		if ( ! Schema::is_current() ) {
			return array();
		}
		$before = $wpdb->suppress_errors( true );
		$rows   = $wpdb->get_results( $this->prepare( $statement, $values ) );
		$wpdb->suppress_errors( $before );
		return is_array( $rows ) ? $rows : array();
	}

	/** @param array<int, mixed> $values */
	private function prepare( string $statement, array $values ): string {
		global $wpdb;
		// Not prepare's own %i: WordPress 6.1 does not know it.
		$statement = str_replace( '%i', "`{$wpdb->prefix}facturelay_holds`", $statement );
		return array() === $values ? $statement : (string) $wpdb->prepare( $statement, $values );
	}
}
