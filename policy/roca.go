package policy

import "math/big"

// rocaPrimes are the primes whose residues give away a vulnerable key (Nemec et al., "The Return
// of Coppersmith's Attack", CCS 2017).
var rocaPrimes = []uint64{
	11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
}

// hasROCAMark reports whether a modulus is a power of 65537 modulo each of these primes. A modulus
// of another generator is that for all of them with a probability of less than one in a hundred
// million.
func hasROCAMark(modulus *big.Int) bool {
	var residue, divisor big.Int
	for _, prime := range rocaPrimes {
		want := residue.Mod(modulus, divisor.SetUint64(prime)).Uint64()
		power, found := uint64(1), false
		for range prime {
			found = found || power == want
			power = power * 65537 % prime
		}
		if !found {
			return false
		}
	}
	return true
}
