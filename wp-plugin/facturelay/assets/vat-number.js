/* The VAT number at the checkout: says beside the field whether it is known, and fills in name and address where they are empty. */
( function () {
	'use strict';

	var settings = window.facturelayVatNumber;
	// The field of the classic checkout, and that of the block checkout.
	var FIELD = '#billing_vat_number, #contact-facturelay-vat-number';
	var asked = '';

	if ( ! settings || ! window.fetch ) {
		return;
	}

	function blocks() {
		return window.wp && window.wp.data && window.wp.data.select( 'wc/store/cart' );
	}

	function billing() {
		return blocks() ? blocks().getCustomerData().billingAddress : null;
	}

	function country() {
		var select = document.getElementById( 'billing_country' );
		return select ? select.value : ( billing() || {} ).country || '';
	}

	/* The line under the field: in its row in the classic checkout, and outside what React draws in the other, so that it stays. */
	function answerLine( field ) {
		var line = document.getElementById( 'facturelay-vat-answer' );
		if ( ! line ) {
			var row = field.closest( '.form-row' ), drawn = field.closest( '.wc-block-components-text-input' ) || field;
			line = document.createElement( 'span' );
			line.id = 'facturelay-vat-answer';
			line.setAttribute( 'role', 'status' );
			line.style.cssText = 'display:block;flex:0 0 100%;margin:4px 0 0;font-size:.875em';
			row ? row.appendChild( line ) : drawn.parentNode.insertBefore( line, drawn.nextSibling );
			field.setAttribute( 'aria-describedby', ( ( field.getAttribute( 'aria-describedby' ) || '' ) + ' ' + line.id ).trim() );
		}
		return line;
	}

	function say( field, answer ) {
		var text = settings.texts[ answer.state ] || '';
		if ( 'valid' === answer.state ) {
			text = answer.name ? text.replace( '%s', function () { return answer.name; } ) : settings.texts.nameless;
		}
		answerLine( field ).textContent = text;
	}

	/* Only into what is empty: whatever a customer typed is his. */
	function fillClassic( found ) {
		Object.keys( found ).forEach( function ( name ) {
			var field = document.getElementById( 'billing_' + name );
			if ( field && '' === field.value.trim() && found[ name ] ) {
				field.value = found[ name ];
				field.dispatchEvent( new Event( 'change', { bubbles: true } ) );
			}
		} );
	}

	function filled( address, found ) {
		var changed = Object.assign( {}, address );
		Object.keys( found ).forEach( function ( name ) {
			if ( found[ name ] && '' === ( changed[ name ] || '' ).trim() ) {
				changed[ name ] = found[ name ];
			}
		} );
		return changed;
	}

	/* Where the invoice goes to the address of delivery, that one is the form that the customer sees. */
	function fillBlocks( found ) {
		var customer = blocks().getCustomerData(), cart = window.wp.data.dispatch( 'wc/store/cart' );
		var checkout = window.wp.data.select( 'wc/store/checkout' );
		if ( checkout && checkout.getUseShippingAsBilling && checkout.getUseShippingAsBilling() ) {
			cart.setShippingAddress( filled( customer.shippingAddress, found ) );
		}
		cart.setBillingAddress( filled( customer.billingAddress, found ) );
	}

	function fill( answer ) {
		var found = { company: answer.name, address_1: answer.street, postcode: answer.postcode, city: answer.city };
		if ( document.getElementById( 'billing_country' ) ) {
			fillClassic( found );
		} else if ( blocks() ) {
			fillBlocks( found );
		}
	}

	function check( field ) {
		var number = field.value.trim(), question = number + '|' + country();
		if ( '' === number || question === asked ) {
			asked = question;
			return '' === number && document.getElementById( 'facturelay-vat-answer' ) ? say( field, {} ) : undefined;
		}
		asked = question;
		say( field, { state: 'checking' } );
		var body = new URLSearchParams( { number: number, country: country(), nonce: settings.nonce } );
		window.fetch( settings.url, { method: 'POST', credentials: 'same-origin', body: body } )
			.then( function ( response ) { return response.json(); } )
			.catch( function () { return {}; } )
			.then( function ( answer ) {
				if ( asked !== question ) {
					return;
				}
				say( field, answer );
				if ( settings.fill && 'valid' === answer.state ) {
					fill( answer );
				}
			} );
	}

	document.addEventListener( 'focusout', function ( event ) {
		if ( event.target.matches && event.target.matches( FIELD ) ) {
			check( event.target );
		}
	} );
}() );
