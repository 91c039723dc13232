import java.io.FileInputStream;
import java.net.URI;
import java.security.cert.*;
import java.util.*;

/** Validates a certificate under its issuer with a check by OCSP: `Ask ca.der leaf.der http://responder`. */
public class Ask {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        X509Certificate ca = (X509Certificate) factory.generateCertificate(new FileInputStream(arguments[0]));
        X509Certificate leaf = (X509Certificate) factory.generateCertificate(new FileInputStream(arguments[1]));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
        checker.setOcspResponder(new URI(arguments[2]));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
        parameters.addCertPathChecker(checker);
        validator.validate(factory.generateCertPath(List.of(leaf)), parameters);
        System.out.println("good");
    }
}
