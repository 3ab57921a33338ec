/* The VAT number at the checkout: says beside the field whether it is known, and fills in name and address where they are empty. */
( function () {
	'use strict';

	var settings = window.facturelayVatNumber;
	// The field of the classic checkout, and those of the block checkout: in an address, and before WooCommerce 10.1 with the mail address;
	// WooCommerce 8.9 kept the slash of its name.
	var FIELD = '#billing_vat_number, #billing-facturelay-vat-number, #shipping-facturelay-vat-number, #contact-facturelay-vat-number, [id="contact-facturelay/vat-number"]';
	var LINE = 'facturelay-vat-answer', asked = '';

	if ( ! settings || ! window.fetch ) {
		return;
	}

	function blocks() {
		return window.wp && window.wp.data && window.wp.data.select( 'wc/store/cart' );
	}

	function isOfShipping( field ) {
		return 0 === field.id.indexOf( 'shipping-' );
	}

	function country( field ) {
		var select = document.getElementById( 'billing_country' ), customer = blocks() ? blocks().getCustomerData() : {};
		return select ? select.value : ( ( isOfShipping( field ) ? customer.shippingAddress : customer.billingAddress ) || {} ).country || '';
	}

	/* The delivery may have an address, and a number, of its own. */
	function lineId( field ) {
		return isOfShipping( field ) ? LINE + '-shipping' : LINE;
	}

	/* WooCommerce takes the field away when the company is emptied, and our line stays behind. */
	function removeLeftLines() {
		document.querySelectorAll( '.' + LINE ).forEach( function ( line ) {
			if ( ! document.getElementById( line.dataset.field ) ) {
				line.remove();
				asked = '';
			}
		} );
	}

	/* The line under the field: in its row in the classic checkout, and outside what React draws in the other, so that it stays. */
	function answerLine( field ) {
		var line = document.getElementById( lineId( field ) );
		if ( ! line ) {
			var row = field.closest( '.form-row' ), drawn = field.closest( '.wc-block-components-text-input' ) || field;
			line = document.createElement( 'span' );
			line.id = lineId( field );
			line.className = LINE;
			line.dataset.field = field.id;
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

	/* The address in which the number stands; where the invoice goes to the address of delivery, that one is the form that the customer sees. */
	function fillBlocks( field, found ) {
		var customer = blocks().getCustomerData(), cart = window.wp.data.dispatch( 'wc/store/cart' );
		var checkout = window.wp.data.select( 'wc/store/checkout' );
		var isOne = checkout && checkout.getUseShippingAsBilling && checkout.getUseShippingAsBilling();
		if ( isOne || isOfShipping( field ) ) {
			cart.setShippingAddress( filled( customer.shippingAddress, found ) );
		}
		if ( isOne || ! isOfShipping( field ) ) {
			cart.setBillingAddress( filled( customer.billingAddress, found ) );
		}
	}

	/* WooCommerce keeps saying that a field is empty which was filled from outside while the cursor is in it: there it is typed. */
	function typeIntoFocused( found ) {
		var input = document.activeElement, name = input && input.id ? input.id.replace( /^(shipping|billing)-/, '' ) : '';
		if ( ! found[ name ] || '' !== input.value.trim() ) {
			return;
		}
		var text = found[ name ];
		delete found[ name ];
		window.requestAnimationFrame( function () {
			window.setTimeout( function () {
				if ( '' === input.value.trim() ) {
					Object.getOwnPropertyDescriptor( HTMLInputElement.prototype, 'value' ).set.call( input, text );
					input.dispatchEvent( new Event( 'input', { bubbles: true } ) );
				}
			}, 100 );
		} );
	}

	function fill( field, answer ) {
		var found = { company: answer.name, address_1: answer.street, postcode: answer.postcode, city: answer.city };
		if ( document.getElementById( 'billing_country' ) ) {
			fillClassic( found );
		} else if ( blocks() ) {
			typeIntoFocused( found );
			fillBlocks( field, found );
		}
	}

	function check( field ) {
		var number = field.value.trim(), question = number + '|' + country( field );
		if ( '' === number || question === asked ) {
			asked = question;
			return '' === number && document.getElementById( lineId( field ) ) ? say( field, {} ) : undefined;
		}
		asked = question;
		say( field, { state: 'checking' } );
		var body = new URLSearchParams( { number: number, country: country( field ), nonce: settings.nonce } );
		window.fetch( settings.url, { method: 'POST', credentials: 'same-origin', body: body } )
			.then( function ( response ) { return response.json(); } )
			.catch( function () { return {}; } )
			.then( function ( answer ) {
				if ( asked !== question ) {
					return;
				}
				say( field, answer );
				if ( settings.fill && 'valid' === answer.state ) {
					fill( field, answer );
				}
			} );
	}

	document.addEventListener( 'input', function () {
		window.setTimeout( removeLeftLines, 500 );
	} );
	document.addEventListener( 'focusout', function ( event ) {
		if ( event.target.matches && event.target.matches( FIELD ) ) {
			check( event.target );
		}
	} );
}() );
